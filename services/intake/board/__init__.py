"""The cases as they stand, kept in memory, and who may look at which."""
