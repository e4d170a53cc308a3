"""Earlier checkpoints in one text: each signed note ended by a record separator (U+001E), which no note can
hold, and a newline.
"""

HISTORY_LIMIT = 2_000
_END = b"\x1e\n"


def join_notes(notes: list[bytes]) -> bytes:
    return b"".join(note + _END for note in notes)


def split_notes(content: bytes) -> list[bytes]:
    return [note for note in content.split(_END) if note]
