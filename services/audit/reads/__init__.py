"""Who read what: reads as facts."""
