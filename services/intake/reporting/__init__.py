"""A report becomes a fact."""
