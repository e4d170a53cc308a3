"""What people and systems fill in, and in what words they are told what is wrong with it."""
