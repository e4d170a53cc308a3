"""The record in words: what happened, one sentence a fact, the same on every page, in every command and file.

`sentences` has the words of both languages side by side, `reading` gathers the facts of a case into moments,
`narrator` and `telling` say a moment to one reader.
"""
