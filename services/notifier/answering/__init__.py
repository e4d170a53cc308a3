"""What comes back: the link that is followed, the gateway that calls back."""
