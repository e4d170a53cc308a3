"""What the trail adds up to as documents an office hands in: their content, written by shared.documents."""
