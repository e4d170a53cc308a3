"""Time stamps (RFC 3161) and SM3 digests of checkpoints."""
