"""Which letters a line may hold, and how a line that came from elsewhere is shown on a terminal.

Invariant: a letter that moves the cursor, turns the direction of writing or can't be seen is never passed on
where people read: it is refused where somebody types it, taken out of what other systems send (the original
stays, by its digest), written out on a terminal.
"""

import re

_NEVER = (
    r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # C0 and C1 but for tab and line ends: ESC, NUL, CSI …
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks, overrides and isolates of direction
    # not to be seen
    r"\u00ad\u034f\u115f\u1160\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    r"\u2028\u2029"  # line ends that only some programs see
    r"\U000e0000-\U000e007f"  # tags: a second text within the text
    r"\ud800-\udfff"  # halves of a pair: no text at all
)
# U+200C and U+200D stay: Uyghur, Mongolian and emoji are written with them.
NOT_IN_TEXT = re.compile(rf"[{_NEVER}]|\r(?!\n)")
NOT_IN_LINE = re.compile(rf"[{_NEVER}\t\r\n]")


def in_words(letter: str) -> str:
    """`U+202E`."""
    return f"U+{ord(letter):04X}"


def text_of(given: str) -> str:
    """What is left of another system's text: line ends as \\n, each letter that may not stand there taken
    out.
    """
    return NOT_IN_TEXT.sub(
        "", given.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    )


def line_of(given: str) -> str:
    """The same as one line."""
    return " ".join(text_of(given).split())


def shown(given: str) -> str:
    """For a terminal: such letters written out, tabs and line ends as they are."""
    return NOT_IN_TEXT.sub(lambda match: f"<{in_words(match[0])}>", given)
