"""`fenghuo trail …`: ask the trail, check it, take it away, prove from it.

What is checked is checked here, against the key pinned here; the service is only asked for the data.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from fenghuo.answers import Exit, answer, fail, out
from fenghuo.client import call
from fenghuo.commands import trail_export
from fenghuo.trail_source import Progressed, bytes_of, pinned, with_source
from shared.settings import Settings
from shared.vocabulary import Role

app = typer.Typer(help="Query, verify, export and prove the trail.", no_args_is_help=True)
app.command()(trail_export.export)
app.command()(trail_export.bundle)
app.command()(trail_export.verifier)
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Vkey = Annotated[
    str | None, typer.Option(help="The pinned public key, or a file with it. Default: FENGHUO_TRAIL_VKEY, else this machine's own.")
]
Mongo = Annotated[str | None, typer.Option(help="Read the store itself at this address, without the service.")]


@app.command()
def query(
    case: Annotated[str | None, typer.Option()] = None,
    kind: Annotated[str | None, typer.Option(help="reported, acknowledged, decided, delivered, failed …")] = None,
    unit: Annotated[str | None, typer.Option(help="Any unit the record names; finds a unit's cases whole.")] = None,
    person: Annotated[str | None, typer.Option()] = None,
    level: Annotated[str | None, typer.Option()] = None,
    area: Annotated[str | None, typer.Option()] = None,
    channel: Annotated[str | None, typer.Option()] = None,
    lapse: Annotated[bool | None, typer.Option("--lapse/--no-lapse", help="Only decisions by which a duty lapsed (or none did).")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"], help="2026-11-01T08:00+08:00")
    ] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"])] = None,
    text: Annotated[str | None, typer.Option(help="A piece of the summary or note.")] = None,
    order: Annotated[str, typer.Option(help="newest or oldest first.")] = "newest",
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    cursor: Annotated[str | None, typer.Option(help="`next` of the page before.")] = None,
    as_json: AsJson = False,
) -> None:
    """Search the trail (role auditor, discipline or supervisor)."""
    asked: dict[str, Any] = {
        "case": case, "kind": kind, "unit": unit, "person": person, "level": level, "area": area, "channel": channel, "lapse": lapse,
        "since": since and since.isoformat(), "until": until and until.isoformat(), "text": text, "order": order,
        "limit": limit, "cursor": cursor,
    }  # fmt: skip
    params = {name: value for name, value in asked.items() if value is not None}
    page = call("audit", "GET", "/api/v1/trail/entries", role=Role.AUDITOR, params=params).json()
    answer(page, as_json=as_json, render=_show_page)


def _show_page(page: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("record", "time", "kind", "case", "unit", "persons", "outcome", "text"):
        table.add_column(column, overflow="fold")
    zone = Settings().zone
    for entry in page["entries"]:
        at = datetime.fromisoformat(entry["time"]).astimezone(zone).strftime("%m-%d %H:%M:%S")
        outcome = ", ".join(entry["outcomes"])
        persons = ", ".join(entry["persons"])
        row = [str(entry["index"]), at, entry["kind"], entry["case"], entry["unit"], persons, outcome, entry["text"]]
        table.add_row(*(Text(cell or "") for cell in row), style="red" if entry["lapse"] else None)
    out.print(table)
    held = page["checkpoint"]
    out.print(f"[dim]up to checkpoint {held['size']}, signed {held['time']}[/]", highlight=False)
    if page["next"]:
        out.print(f"[dim]more: --cursor {page['next']}[/]", highlight=False)


@app.command()
def verify(
    folder: Annotated[Path | None, typer.Option("--dir", help="An exported folder instead of the running service.")] = None,
    mongo: Mongo = None,
    bundle_file: Annotated[Path | None, typer.Option("--bundle", help="The evidence bundle of a case.")] = None,
    since: Annotated[Path | None, typer.Option(help="An earlier checkpoint: the trail must begin with what it was signed for.")] = None,
    only_new: Annotated[bool, typer.Option(help="With --since: take the records it covers as checked.")] = False,
    keep: Annotated[Path | None, typer.Option(help="Where all holds, keep the checkpoint here, for --since next time.")] = None,
    vkey: Vkey = None,
    witness: Annotated[list[str] | None, typer.Option(help="With --bundle: a witness's public key; repeat it for more.")] = None,
    quorum: Annotated[int, typer.Option(min=0, help="With --bundle: so many of these witnesses must have cosigned.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Check every record, hash, tile, signature, payload and search field. Ends with 1 where anything is not as it was."""
    from services.audit import checkpoint
    from services.audit import verify as verifying

    key = pinned(vkey)
    if bundle_file is not None:
        trail_export.verify_bundle(bundle_file, vkey, witness or [], quorum, as_json)
        return
    if only_new and since is None:
        fail(Exit.USAGE, "--only-new needs --since", "name the checkpoint kept last time: --since FILE --only-new")
    try:
        earlier = checkpoint.read(bytes_of(since), key) if since is not None else None
    except checkpoint.CheckpointError as error:
        fail(Exit.USAGE, f"{since}: {error}", "name a file with a checkpoint of this trail, as `--keep` or `curl …/checkpoint` wrote it")

    async def work(source: Any, progress: Progressed) -> verifying.Verdict:
        return await verifying.verify(source, key, since=earlier, only_new=only_new, progress=progress)

    verdict = with_source(work, folder, mongo, "checking")
    if verdict.holds and keep is not None:
        keep.write_text(verdict.note)
    faults = [{"record": fault.index, "what": fault.words} for fault in verdict.faults]
    result = {
        "holds": verdict.holds, "size": verdict.size, "root": verdict.root, "signed": verdict.time, "checked": verdict.checked,
        "from": verdict.since, "faults": faults,
    }  # fmt: skip

    def render(_: object) -> None:
        for fault in verdict.faults:
            where = "the trail" if fault.index is None else f"record {fault.index}"
            out.print(f"[bold red]✗ {where}:[/] ", end="")
            out.print(fault.words, markup=False, highlight=False)
        if verdict.holds:
            out.print(
                f"[bold green]✓ the trail holds:[/] {verdict.checked} records checked, {verdict.size} signed at {verdict.time}, "
                f"root {verdict.root[:16]}…",
                highlight=False,
            )
        else:
            out.print(f"[bold red]✗ the trail is broken:[/] {len(verdict.faults)} faults", highlight=False)

    answer(result, as_json=as_json, render=render)
    if not verdict.holds:
        raise typer.Exit(Exit.NO)


@app.command()
def proof(
    index: Annotated[int | None, typer.Argument(help="The record.")] = None,
    sequence: Annotated[int | None, typer.Option(help="Or the sequence of the fact, as a receipt names it.")] = None,
    to: Annotated[Path | None, typer.Option(help="Write it as a C2SP .tlog-proof file.")] = None,
    vkey: Vkey = None,
    as_json: AsJson = False,
) -> None:
    """Prove that a record is in the trail: fetched, and checked here against the pinned key."""
    from services.audit import checkpoint, merkle

    if (index is None) == (sequence is None):
        fail(Exit.USAGE, "name one record", "give its index, or --sequence of the fact")
    asked = {"index": index} if index is not None else {"sequence": sequence}
    found = call("audit", "GET", "/api/v1/trail/proof/inclusion", params=asked).json()
    try:
        signed = checkpoint.read(found["checkpoint"]["note"].encode(), pinned(vkey))
        hashes = [bytes.fromhex(one) for one in found["hashes"]]
        merkle.verify_inclusion(found["index"], signed.size, bytes.fromhex(found["leaf"]), hashes, signed.root)
    except (checkpoint.CheckpointError, merkle.ProofError) as error:
        fail(Exit.NO, f"the proof does not hold: {error}", "keep what you were given and tell the operator and the discipline organ")
    if to is not None:
        to.write_text(found["tlog_proof"])

    def render(_: object) -> None:
        out.print(
            f"[bold green]✓ record {found['index']}[/] is in the trail of {signed.size}, signed {signed.time.isoformat()}", highlight=False
        )
        out.print(f"  leaf {found['leaf']}\n  root {signed.root.hex()}", highlight=False)

    answer({**found, "holds": True}, as_json=as_json, render=render)


@app.command("vkey")
def show_vkey(as_json: AsJson = False) -> None:
    """The public key as the running service says it. Compare it with the one you were given by another way before pinning it."""
    text = call("audit", "GET", "/api/v1/trail/vkey").text.strip()
    answer({"vkey": text}, as_json=as_json, render=lambda _: out.print(text, highlight=False))
