"""The mark on words that are translated where they are shown; it stands alone, so that any module may mark
its own.
"""


def N_(message: str) -> str:  # noqa: N802 - the name every extractor knows
    """Marks a message that is translated where it is shown."""
    return message
