"""Searching the trail, by an index of its own that only proposes."""
