"""What the trail adds up to as documents an office hands in: content first (blocks), then HTML, DOCX and
plain text of the same blocks.
"""
