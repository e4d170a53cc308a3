"""Evidence to take away: a case's bundle, an export of a search, and the answer to a receipt."""
