"""Hears the genre and energy of music files and remembers them."""

__version__ = "0.2.0"
