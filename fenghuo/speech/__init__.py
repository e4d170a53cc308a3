"""The language in which the command speaks, and its words.

Invariant: English is written in the source, `zh.po` beside the other catalogues says the same in Chinese; what
programs read (`--json`, names of commands, options and values) is the same in every language.
"""

from fenghuo.speech.choice import Unknown, chosen
from fenghuo.speech.words import also, choose, labelled, language, named, reason, typed, worded

__all__ = [
    "Unknown",
    "also",
    "choose",
    "chosen",
    "labelled",
    "language",
    "named",
    "reason",
    "typed",
    "worded",
]
