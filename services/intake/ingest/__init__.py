"""What systems send: each format read, and handed to the same paths that people use."""
