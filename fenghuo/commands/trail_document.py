"""`fenghuo trail document`: whether a file is a document made from the record, unchanged since; checked here, with the
public key alone.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from fenghuo.answers import AsJson, Exit, answer, fail, out
from fenghuo.speech import worded
from fenghuo.trail_source import Vkey, bytes_of, pinned


def document(
    file: Annotated[Path, typer.Argument(help="The DOCX, as it was saved or handed in.")],
    vkey: Vkey = None,
    as_json: AsJson = False,
) -> None:
    """Say of which record an analysis or price bulletin was made, and that it was not changed since. Ends with 1
    where it is not such a document.
    """
    from shared.files.from_record import LARGEST, made_from_record

    content = bytes_of(file)
    made = made_from_record(content, pinned(vkey)) if len(content) <= LARGEST else None
    if made is None:
        fail(
            Exit.NO,
            worded("%(file)s is not a document made from this record, or was changed since", file=file),
            worded(
                "have it made anew: fenghuo trail analysis 2026-10, or fenghuo trail price-bulletin 2026-W48"
            ),
        )
    answer(made.model_dump(mode="json"), as_json=as_json, render=_show)


def _show(made: dict[str, Any]) -> None:
    out.print(
        worded(
            "made from the record of %(since)s to %(until)s, as it stood at %(at)s: %(size)s records, root %(root)s; unchanged since",
            **{name: made[name] for name in ("since", "until", "at", "size", "root")},
        ),
        highlight=False,
    )
