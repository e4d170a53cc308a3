"""What other sources say of a case, laid beside what was reported."""
