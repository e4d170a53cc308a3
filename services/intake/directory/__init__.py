"""Who is who, changed while everything runs."""
