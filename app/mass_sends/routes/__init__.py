"""Pages of mass sends."""

pages = None
