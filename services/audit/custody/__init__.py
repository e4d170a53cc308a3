"""Custody of what is on record: holds and erasures, who read what, and time stamps by others."""
