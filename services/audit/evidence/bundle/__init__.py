"""The evidence of a case: `collect` asks the trail, `timeline` tells it to a reader, `write` makes the zip,
`verify` travels in it.
"""
