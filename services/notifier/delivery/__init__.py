"""A notice is handed over until it is taken, and what became of it is told once."""
