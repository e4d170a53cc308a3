"""The record about the record: legal holds, erasures, and who sees whom."""
