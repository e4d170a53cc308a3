"""Earlier checkpoints in one text: each signed note ended by a record separator (U+001E), which no note can
hold, and a newline.
"""

from services.audit.reading.reader import TrailReader

HISTORY_LIMIT = 2_000
_PAGE = 500
_END = b"\x1e\n"


async def recent_notes(reader: TrailReader, limit: int) -> list[bytes]:
    """The last `limit` checkpoints before the newest, the oldest first."""
    newest = (await reader.checkpoint()).number
    notes: list[bytes] = []
    for start in range(max(0, newest - limit), newest, _PAGE):
        notes += [
            signed.note.encode() for signed in await reader.checkpoints(start, min(newest, start + _PAGE))
        ]
    return notes


def join_notes(notes: list[bytes]) -> bytes:
    return b"".join(note + _END for note in notes)


def split_notes(content: bytes) -> list[bytes]:
    return [note for note in content.split(_END) if note]
