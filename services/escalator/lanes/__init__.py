"""Facts in single file: each lane decides on one after the other, keeps the case, and tells what came of
it.
"""
