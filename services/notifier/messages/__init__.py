"""What a message says: words, templates, the link in it, several told as one."""
