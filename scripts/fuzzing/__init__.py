"""Hostile files for scripts/fuzz.py, each made again from its number, and what the program does with them."""
