"""Real text messages through a GSM modem on a serial line: no provider in between."""
