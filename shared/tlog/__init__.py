"""The transparency log (RFC 6962 and the C2SP formats): tree, tiles, signed notes, cosignatures and proofs.

Invariant: pure, and imports nothing of ours, so that the writer, the checker, a witness and the bundle share
one reading of the formats and nothing else.
"""
