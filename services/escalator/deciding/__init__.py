"""What a fact brings about: pure functions of the case, the fact, the rules and the time."""
