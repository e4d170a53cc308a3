"""Checking a trail, wherever it lies, and saying where it is not as it was."""
