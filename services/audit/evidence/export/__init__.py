"""What a search finds, taken away as lines, CSV or XLSX."""
