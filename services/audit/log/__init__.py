"""The transparency log: tree, signed checkpoints, tiles and proofs, as RFC 6962 and the C2SP formats say."""
