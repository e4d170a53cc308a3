"""How things are said in the reader's language: the catalogue, the words of closed sets and reasons, names,
times and spans.

Invariant: English is written in the source, `locale/zh.po` says the same in Chinese; a test compares the two.
"""
