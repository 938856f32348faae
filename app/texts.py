"""Marks for the catalogues, usable where Flask is not loaded."""


def N_(text: str) -> str:
    """Mark an English sentence for extraction; who shows it to a person translates it."""
    return text
