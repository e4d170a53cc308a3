"""What a record is: its header, its personal fields, its payload, and how a fact becomes one. Pure."""
