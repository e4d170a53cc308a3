"""A form with files in it (multipart/form-data), as a browser sends it without any script.

Invariant: text and files are bounded while they come, each by its own limit; a file goes to its spool piece by
piece, and nothing of the form is given back before the whole of it is here.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from services.intake.files.spool import Spool
from shared.door.ways import BODY_LIMIT
from shared.facts.file import MOST_FILES
from shared.message import N_
from shared.problems import Problem

MOST_FIELDS = 1_000
"""A table of a form has a field for each cell."""
NOT_A_FORM = N_("Not a form")
SEND_IT_AGAIN = N_("What came is no whole form with files in it: send it again.")
TOO_MANY_FILES = N_("Too many files")
SEND_FEWER = N_("At most 5 files go with one report or act: send the others with a follow-up.")
TOO_MUCH_TEXT = N_("This form is too long: shorten what is written in it.")


@dataclass
class NamedSpool:
    """A file as it came in."""

    name: str
    spool: Spool
    fault: Problem | None = None
    """Why it is not taken: it is too large, or one too many. The rest of it was thrown away."""


@dataclass
class FormWithFiles:
    """`close` it when done, whatever happened."""

    values: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    files: list[NamedSpool] = field(default_factory=list[NamedSpool])

    def close(self) -> None:
        for one in self.files:
            one.spool.close()


class _Receiver:
    """What the parser calls back while it reads."""

    def __init__(self, form: FormWithFiles, folder: Path) -> None:
        self._form, self._folder = form, folder
        self._header = bytearray()
        self._value = bytearray()
        self._disposition = b""
        self._field: str = ""
        self._text = bytearray()
        self._file: NamedSpool | None = None
        self._size_of_text = 0
        self.is_whole = False

    def on_part_begin(self) -> None:
        self._disposition, self._text, self._file = b"", bytearray(), None

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        name = options.get(b"filename")
        if name is not None:
            if len(self._form.files) > MOST_FILES:
                raise Problem(413, TOO_MANY_FILES, SEND_FEWER)
            self._file = NamedSpool(name.decode("utf-8", "replace"), Spool(self._folder))
            if len(self._form.files) == MOST_FILES:
                self._file.fault = Problem(413, TOO_MANY_FILES, SEND_FEWER)
            self._form.files.append(self._file)

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._write(self._file, data[start:end])
            return
        self._size_of_text += end - start
        if self._size_of_text > BODY_LIMIT:
            raise Problem(413, NOT_A_FORM, TOO_MUCH_TEXT)
        self._text += data[start:end]

    def _write(self, file: NamedSpool, piece: bytes) -> None:
        if file.fault is None:
            try:
                file.spool.write(piece)
            except Problem as problem:
                file.fault = problem
                file.spool.empty()

    def on_part_end(self) -> None:
        if self._file is not None:
            if not self._file.name and not self._file.spool.size:  # the field was left empty
                self._form.files.remove(self._file)
                self._file.spool.close()
            return
        if len(self._form.values) >= MOST_FIELDS:
            raise Problem(413, NOT_A_FORM, TOO_MUCH_TEXT)
        self._form.values.append((self._field, self._text.decode("utf-8", "replace")))

    def on_end(self) -> None:
        self.is_whole = True


async def form_with_files(pieces: AsyncIterator[bytes], content_type: str, folder: Path) -> FormWithFiles:
    """Raises Problem 400, 413, 507; then nothing of it is kept."""
    _, options = parse_options_header(content_type)
    form = FormWithFiles()
    receiver = _Receiver(form, folder)
    try:
        parser = MultipartParser(
            options.get(b"boundary", b""),
            {
                "on_part_begin": receiver.on_part_begin,
                "on_part_data": receiver.on_part_data,
                "on_part_end": receiver.on_part_end,
                "on_header_field": receiver.on_header_field,
                "on_header_value": receiver.on_header_value,
                "on_header_end": receiver.on_header_end,
                "on_headers_finished": receiver.on_headers_finished,
                "on_end": receiver.on_end,
            },
        )
        async for piece in pieces:
            parser.write(piece)
        parser.finalize()
        if not receiver.is_whole:
            raise Problem(400, NOT_A_FORM, SEND_IT_AGAIN)
    except (FormParserError, ValueError):
        form.close()
        raise Problem(400, NOT_A_FORM, SEND_IT_AGAIN) from None
    except BaseException:
        with suppress(OSError):
            form.close()
        raise
    return form
