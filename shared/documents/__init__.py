"""What people print, sign and hand over, whichever service makes it: content first (blocks), then HTML, DOCX
and plain text of the same blocks.
"""
