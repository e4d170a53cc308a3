"""Files on their way in: received in bounded memory, looked at, cleaned, stored."""
