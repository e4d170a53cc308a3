"""A witness of a trail: a small program with a key of its own, meant for a machine of those who watch over
the others.
"""
