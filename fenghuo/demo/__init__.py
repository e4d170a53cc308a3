"""One story on a compressed clock, on the real parts: what happens is told from the facts, what is claimed is
read back from the trail.
"""
