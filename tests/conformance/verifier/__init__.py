"""An independent verifier of transparency logs, written from the C2SP specifications and RFC 6962, 8032 and
9162 alone.

It shares nothing with the log it checks: standard library, `cryptography` and `httpx2` only
(tests/conformance/test_walls.py). Where a specification leaves room (base64 with stray bits, repeated
signatures) it takes the strict reading, so that one thing has one form. Whatever is malformed or does not
hold is `Refused`, and nothing else is ever raised about what was read.
"""
