"""What intake puts on record and what it answers: facts, receipts, refusals."""
