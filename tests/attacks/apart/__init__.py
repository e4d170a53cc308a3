"""Attacks that break something, on an installation of their own."""
