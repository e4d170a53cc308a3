"""What the trail adds up to: read, counted, never stored. `Reports` (reports.py) answers; the rest is
pure.
"""
