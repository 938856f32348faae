"""`python -m app …` is the same as `wardline …`."""

from app.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
