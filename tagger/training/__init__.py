"""Trains and measures the models that the program ships; nothing above this package imports it."""
