"""Files that a command reads, writes, or sends along with a report or an act."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from fenghuo.answers import Exit, fail, out
from fenghuo.client import call
from fenghuo.speech import also, worded
from shared.facts.file import LARGEST_FILE, MOST_FILES
from shared.plain_text import shown
from shared.vocabulary import Role


class OutputForm(StrEnum):
    HTML = "html"
    DOCX = "docx"
    TEXT = "text"


class TableForm(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


AskedForm = Annotated[OutputForm, typer.Option("--format", help="What it is written as.")]
OutputFile = Annotated[
    Path | None, typer.Option("--output", "-o", help="The file to write; text may go to the terminal.")
]
ON_THE_TERMINAL = {OutputForm.TEXT, TableForm.CSV}


def content_of(file: Path) -> bytes:
    """Of the file, or of standard input for `-`. Ends the command with code 2 where it can't be read."""
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        _not_read(file, error)


def _not_read(file: Path, error: OSError) -> NoReturn:
    fail(
        Exit.USAGE,
        worded(
            "%(file)s can't be read (%(error_strerror)s)",
            file=file,
            error_strerror=also(error.strerror or str(error)),
        ),
        worded("give the path of an existing file"),
    )


def write_to(file: Path, content: bytes) -> None:
    """Ends the command with code 2 where it can't be written."""
    try:
        file.write_bytes(content)
    except OSError as error:
        fail(
            Exit.USAGE,
            worded(
                "%(file)s can't be written (%(error_strerror)s)",
                file=file,
                error_strerror=also(error.strerror or str(error)),
            ),
            worded("name a file in a folder that exists"),
        )


def uploaded(files: list[Path], role: Role) -> list[dict[str, Any]]:
    """What the report or act says of them. Ends the command with code 2 where one can't be read or sent."""
    if len(files) > MOST_FILES:
        fail(
            Exit.USAGE,
            worded("%(count)s files", count=len(files)),
            worded("send at most %(most)s, the others with a follow-up", most=MOST_FILES),
        )
    for file in files:
        try:
            size = file.stat().st_size
        except OSError as error:
            _not_read(file, error)
        if not 0 < size <= LARGEST_FILE:
            fail(
                Exit.USAGE,
                worded("%(file)s has %(size)s bytes", file=file, size=size),
                worded("a file may have 1 byte to 20 MB: make it smaller"),
            )
    return [_upload(file, role) for file in files]


def _upload(file: Path, role: Role) -> dict[str, Any]:
    with file.open("rb") as content:
        answer = call(
            "intake",
            "POST",
            "/api/v1/files",
            role=role,
            content=content,
            params={"name": file.name},
            timeout=600,
        )
    return answer.json()


def write_document(
    service: str,
    path: str,
    role: Role,
    params: dict[str, Any],
    to: Path | None,
    form: OutputForm | TableForm,
    *,
    timeout: float = 60,
) -> None:
    """To the file, or as text to the terminal. Ends the command with code 2 where neither can be."""
    if to is None and form not in ON_THE_TERMINAL:
        instead = OutputForm.TEXT if isinstance(form, OutputForm) else TableForm.CSV
        fail(
            Exit.USAGE,
            worded("a file of format %(form)s is not for the terminal", form=form),
            worded("name the file to write: -o FILE, or --format %(instead)s", instead=instead),
        )
    content = call(service, "GET", path, role=role, params=params, timeout=timeout).content
    if to is None:
        typer.echo(shown(content.decode()), nl=False)
        return
    write_to(to, content)
    out.print(worded("written: %(to)s (%(count)s bytes)", to=to, count=len(content)), highlight=False)
