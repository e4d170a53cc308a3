"""What people do to a case."""
