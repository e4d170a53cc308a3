"""`fenghuo trail export|bundle|verifier`: what is taken away from the trail, as files.

Invariant: a file under the name asked for is whole. What broke off keeps the name `<file>.part`, and the
command ends with 1.
"""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import httpx2
import typer

from fenghuo.answers import AsJson, Exit, answer, fail, out
from fenghuo.client import service_url, token_for, words_of
from fenghuo.commands._files import write_to
from fenghuo.speech import also, worded
from fenghuo.trail_source import Progressed, Vkey, before_text, pinned, vkey_text, with_source
from shared.vocabulary import Language, Role

Moment = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"], help="2026-11-01T08:00+08:00"),
]


class FileFormat(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"
    XLSX = "xlsx"


def export(
    to: Annotated[
        Path | None,
        typer.Option(help="The whole trail into this folder, for `verify --dir`; it must be empty."),
    ] = None,
    form: Annotated[
        FileFormat | None,
        typer.Option("--format", help="One file instead: for machines, or a table in words."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="That file; default trail.<format>.")
    ] = None,
    case: Annotated[str | None, typer.Option()] = None,
    kind: Annotated[
        str | None, typer.Option(help="reported, acknowledged, decided, delivered, failed …")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="And the units under it.")] = None,
    person: Annotated[str | None, typer.Option()] = None,
    level: Annotated[str | None, typer.Option()] = None,
    category: Annotated[str | None, typer.Option()] = None,
    area: Annotated[str | None, typer.Option()] = None,
    channel: Annotated[str | None, typer.Option()] = None,
    outcome: Annotated[str | None, typer.Option()] = None,
    lapse: Annotated[bool | None, typer.Option("--lapse/--no-lapse")] = None,
    lapse_of: Annotated[str | None, typer.Option(help="The duty that lapsed.")] = None,
    since: Moment = None,
    until: Moment = None,
    claimed_since: Moment = None,
    claimed_until: Moment = None,
    text: Annotated[str | None, typer.Option(help="A piece of the summary or note.")] = None,
    language: Annotated[Language, typer.Option(help="Of the table's words.")] = Language.ZH,
    proofs: Annotated[
        bool, typer.Option("--proofs", help="jsonl: each line with its own proof, for `check-export`.")
    ] = False,
    mongo: Annotated[
        str | None,
        typer.Option(help="With --to: read the store itself at this address, without the service."),
    ] = None,
    vkey: Vkey = None,
    as_json: AsJson = False,
) -> None:
    """Take the trail away: whole as a folder (--to), or what is asked for as one file (--format jsonl, csv or
    xlsx).
    """
    if form is None and to is not None:
        _whole(to, mongo, vkey, as_json)
        return
    if form is None or to is not None:
        fail(
            Exit.USAGE,
            worded("a folder or a file, one of the two"),
            worded("give --to FOLDER for the whole trail, or --format csv -o FILE for a part"),
        )
    parameters: dict[str, Any] = {
        "case": case, "kind": kind, "unit": unit, "person": person, "level": level, "category": category, "area": area,
        "channel": channel, "outcome": outcome, "lapse": lapse, "lapse_of": lapse_of, "text": text,
        "since": since, "until": until, "claimed_since": claimed_since, "claimed_until": claimed_until,
    }  # fmt: skip
    given = {name: value for name, value in parameters.items() if value is not None}
    params = {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in given.items()
    }
    path = output or Path(f"trail.{form}")
    size = _stream(
        "/api/v1/trail/export",
        {**params, "format": form.value, "lang": language.value, "proofs": proofs},
        path,
    )
    rows = _rows(form, path)
    answer(
        {"file": str(path), "bytes": size, "records": rows},
        as_json=as_json,
        render=lambda _: out.print(
            worded("%(rows)s records in %(path)s (%(size)s bytes)", rows=rows, path=path, size=size),
            highlight=False,
        ),
    )


def check_export(
    file: Annotated[Path, typer.Argument(help="What `export --format jsonl` wrote.")],
    vkey: Vkey = None,
    as_json: AsJson = False,
) -> None:
    """Check an exported file of lines, offline, against the pinned key. Ends with 1 where it is not whole or
    a line is not the trail's.
    """
    from services.audit.checking import exported as export_verify

    key = pinned(vkey)
    try:
        with file.open("rb") as lines:
            verdict = export_verify.check_export(lines, key)
    except OSError as error:
        fail(
            Exit.USAGE,
            f"{file}: {also(error.strerror or str(error))}",
            worded("see that the file is there and can be read"),
        )
    faults = [{"record": index, "what": words} for index, words in verdict.faults]
    result = {
        "holds": verdict.holds, "records": verdict.records, "proven": verdict.proven, "without_message": verdict.without_message,
        "size": verdict.size, "criteria": verdict.criteria, "faults": faults,
    }  # fmt: skip

    def render(_: object) -> None:
        for index, words in verdict.faults:
            where = worded("the file") if index is None else worded("record %(index)s", index=index)
            out.print(f"[bold red]✗ {where}:[/] {also(words)}", highlight=False)
        if verdict.holds:
            out.print(
                worded(
                    "[bold green]✓ the export holds:[/] %(proven)s records, each in the trail of %(size)s",
                    proven=verdict.proven,
                    size=verdict.size,
                ),
                highlight=False,
            )
            out.print(
                worded(
                    "[dim]not proven: that these are all the records that meet the criteria; ask the trail itself for that[/]"
                )
            )

    answer(result, as_json=as_json, render=render)
    if not verdict.holds:
        raise typer.Exit(Exit.NO)


def bundle(
    case: Annotated[str, typer.Argument(help="The case.")],
    to: Annotated[Path | None, typer.Option("--to", "-o", help="The file; default case-<id>.zip.")] = None,
    redact: Annotated[
        bool,
        typer.Option(
            "--redact", help="Without names and the free text of people; what is left can still be proven."
        ),
    ] = False,
    tail: Annotated[
        int | None,
        typer.Option(
            min=0, help="Records after the case's last that may be added to show that none is of it."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take away the evidence of a case: records, facts, proofs, checkpoint, timelines, and a verifier that
    needs nothing of ours.
    """
    path = to or Path(f"case-{case}.zip")
    params: dict[str, Any] = {"redact": redact} | ({"tail": tail} if tail is not None else {})
    size = _stream(f"/api/v1/cases/{case}/evidence", params, path)
    answer(
        {"file": str(path), "bytes": size},
        as_json=as_json,
        render=lambda _: out.print(
            worded("%(path)s (%(size)s bytes)", path=path, size=size), highlight=False
        ),
    )


def verifier(
    to: Annotated[Path | None, typer.Option("--to", "-o", help="Write it there.")] = None,
    as_json: AsJson = False,
) -> None:
    """The program that checks evidence bundles, as installed here, and its SHA-256: to compare with the one
    that came in a bundle.
    """
    import hashlib

    from services.audit.evidence.bundle.write import VERIFIER

    content = VERIFIER.read_bytes()
    hashed = hashlib.sha256(content).hexdigest()
    if to is not None:
        write_to(to, content)
    answer(
        {"sha256": hashed, "file": str(to) if to else None},
        as_json=as_json,
        render=lambda _: out.print(f"{hashed}  {to or 'verify.py'}", highlight=False),
    )


def verify_bundle(
    path: Path, vkey: str | None, follows: str | None, witnesses: list[str], quorum: int, as_json: bool
) -> None:
    """With the program installed here, never the one in the bundle. Ends with 1 where something does not
    hold.
    """
    from services.audit.evidence.bundle import verify

    faults: list[dict[str, Any]] = []
    verdict = verify.Verdict()
    try:
        verdict = verify.check(path, vkey_text(vkey), witnesses, follows=before_text(follows, vkey))
    except verify.BrokenError as error:
        faults.append({"record": None, "what": error.words[0], "zh": error.words[1]})
    except OSError as error:
        fail(
            Exit.USAGE,
            f"{path}: {also(error.strerror or str(error))}",
            worded("see that the file is there and can be read"),
        )
    except ValueError as error:
        fail(
            Exit.USAGE,
            worded("a public key can't be used: %(error)s", error=error),
            worded("copy it whole: <name>+<hash>+<key>"),
        )
    wanted = quorum or min(1, len(witnesses))
    short = not faults and verdict.witnesses < wanted
    if short:
        faults.append(
            {
                "record": None,
                "what": worded(
                    "%(witnesses)s of the witnesses given have cosigned its checkpoint, %(wanted)s must",
                    witnesses=verdict.witnesses,
                    wanted=wanted,
                ),
            }
        )
    result = {
        "holds": not faults, "faults": faults, "witnesses": verdict.witnesses, "notes": [en for en, _ in verdict.notes],
        "proven": [en for en, _ in verdict.proven], "not_proven": [en for en, _ in verdict.unproven],
    }  # fmt: skip

    def render(_: object) -> None:
        for fault in faults:
            out.print(
                worded("[bold red]✗ the bundle does not hold:[/] %(what)s", what=fault["what"]),
                highlight=False,
            )
        if not faults:
            out.print(verify.tell(verdict, "holds", 0), markup=False, highlight=False)

    answer(result, as_json=as_json, render=render)
    if faults:
        raise typer.Exit(Exit.UNWITNESSED if short else Exit.NO)


def _whole(to: Path, mongo: str | None, vkey: str | None, as_json: bool) -> None:
    from services.audit.checking.sources import write_folder
    from shared.tlog import checkpoint

    key, text = pinned(vkey), vkey_text(vkey)
    if to.exists() and any(to.iterdir()):
        fail(
            Exit.USAGE,
            worded("%(to)s is not empty", to=to),
            worded("name a new folder, so that nothing old is taken for part of the export"),
        )

    async def work(source: Any, progress: Progressed) -> tuple[int, int]:
        size = checkpoint.read(await source.checkpoint(), key).size
        return size, await write_folder(source, size, to, text, progress)

    try:
        size, files = with_source(work, None, mongo, "exporting")
    except checkpoint.CheckpointError as error:
        fail(Exit.NO, str(error), worded("see that the pinned key is this trail's (`fenghuo trail vkey`)"))
    result = {"folder": str(to), "records": size, "files": files}
    answer(
        result,
        as_json=as_json,
        render=lambda _: out.print(
            worded("%(size)s records, %(files)s files in %(to)s", size=size, files=files, to=to),
            highlight=False,
        ),
    )


def _stream(path: str, params: dict[str, Any], to: Path) -> int:
    """A long answer into a file, a piece at a time. Returns its bytes."""
    part, url = to.with_name(to.name + ".part"), service_url("audit") + path
    headers = {"Authorization": f"Bearer {token_for(Role.AUDITOR)}"}
    try:
        with httpx2.stream(
            "GET", url, params=params, headers=headers, timeout=httpx2.Timeout(30, read=300)
        ) as response:
            if response.status_code >= 400:
                response.read()
                fail(Exit.NO, words_of(response), worded("see the fields named above and call again"))
            with part.open("wb") as file:
                for content in response.iter_bytes():
                    file.write(content)
    except httpx2.RemoteProtocolError:
        _broke_off(part)
    except httpx2.HTTPError as error:
        fail(
            Exit.UNREACHABLE,
            worded("audit can't be reached at %(url)s (%(error)s)", url=url, error=error),
            worded("is it running? start it with `make up`, or see `fenghuo doctor`"),
        )
    except OSError as error:
        fail(
            Exit.USAGE,
            f"{to}: {also(error.strerror or str(error))}",
            worded("name a file that can be written"),
        )
    part.replace(to)
    return to.stat().st_size


def _rows(form: FileFormat, path: Path) -> int:
    """How many records the file itself says it holds, in its last line or sheet."""
    from services.audit.evidence.export.end import rows_of

    rows = rows_of(form, path)
    if rows is None:
        part = path.with_name(path.name + ".part")
        path.replace(part)
        _broke_off(part)
    return rows


def _broke_off(part: Path) -> NoReturn:
    fail(
        Exit.NO,
        worded("the export broke off: %(part)s is not whole", part=part),
        worded("call again; what is there of it proves nothing about what is not"),
    )
