"""Having checkpoints cosigned by witnesses, and what their word proves."""
