"""Pages and API of access: one module for each part, named one by one in app/web/app.py."""
