"""`fenghuo trail …`: ask the trail, check it, take it away, prove from it.

What is checked is checked here, against the key pinned here; the service is only asked for the data.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fenghuo.answers import AsJson, Exit, answer, fail, out
from fenghuo.client import call
from fenghuo.commands import (
    _trail_reports,
    trail_begin,
    trail_case,
    trail_documents,
    trail_export,
    trail_files,
    trail_keeping,
    trail_proof,
    trail_query,
    trail_rebuild,
)
from fenghuo.speech import worded
from fenghuo.trail_source import Progressed, Vkey, bytes_of, pinned, pinned_before, with_source
from shared.settings import Settings

if TYPE_CHECKING:
    from services.audit.checking import verify as verifying

app = typer.Typer(help="Query, verify, export and prove the trail.", no_args_is_help=True)
for command in (
    trail_query.query,
    trail_case.case,
    trail_begin.begin,
    trail_rebuild.rebuild,
    trail_files.files,
    trail_export.export,
    trail_export.check_export,
    trail_export.bundle,
    trail_export.verifier,
    _trail_reports.report,
    trail_documents.analysis,
    trail_documents.case_bulletin,
    trail_documents.price_bulletin,
    trail_documents.notice,
    trail_documents.review,
    trail_documents.document,
    trail_keeping.redact,
    trail_keeping.hold,
    trail_keeping.release,
    trail_keeping.holds,
    trail_proof.proof,
    trail_proof.verify_proof,
):
    app.command()(command)
Mongo = Annotated[
    str | None, typer.Option(help="Read the store itself at this address, without the service.")
]


@app.command()
def verify(
    folder: Annotated[
        Path | None, typer.Option("--dir", help="An exported folder instead of the running service.")
    ] = None,
    mongo: Mongo = None,
    bundle_file: Annotated[
        Path | None, typer.Option("--bundle", help="The evidence bundle of a case.")
    ] = None,
    since: Annotated[
        Path | None,
        typer.Option(help="An earlier checkpoint: the trail must begin with what it was signed for."),
    ] = None,
    only_new: Annotated[
        bool, typer.Option(help="With --since: take the records it covers as checked.")
    ] = False,
    keep: Annotated[
        Path | None, typer.Option(help="Where all holds, keep the checkpoint here, for --since next time.")
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            help="For cron: go on from the checkpoint kept here last time, and keep the new one here where all holds."
        ),
    ] = None,
    headers_only: Annotated[
        bool, typer.Option(help="Headers, order, hashes and signatures, without payloads and search fields.")
    ] = False,
    case: Annotated[
        str | None,
        typer.Option(
            help="One case: its payloads and fields; all headers all the same, so that none of it can be left out."
        ),
    ] = None,
    broker: Annotated[
        bool, typer.Option("--broker", help="Also lay every fact of the broker's stream beside its record.")
    ] = False,
    tsa_cert: Annotated[
        Path | None, typer.Option(help="Certificates (PEM) of time-stamping authorities that are trusted.")
    ] = None,
    vkey: Vkey = None,
    follows: Annotated[
        str | None,
        typer.Option(
            help="The public key of the ended trail that this one follows, or a file with it. Default: this machine's own."
        ),
    ] = None,
    witness: Annotated[
        list[str] | None, typer.Option(help="A witness's public key; repeat it for more.")
    ] = None,
    quorum: Annotated[
        int, typer.Option(min=0, help="So many of these witnesses must have cosigned (default: one).")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Check every record, hash, tile, signature, payload and search field; with --mongo the search index.

    Exit codes, for cron: 0 all holds; 1 something is not as it was; 2 the command was wrong; 3 there was
    nobody to ask, nothing is known; 4 all holds, but too few of the witnesses given have cosigned it; 5 all
    holds, but messages were set aside as not authentic: each is named, find out who wrote it. `verify --state
    FILE` checks what is new since last time.
    """
    from services.audit.checking import verify as verifying
    from services.audit.checking import witnessed
    from services.audit.reading.source import StoreSource
    from services.audit.writing.search_key import NAME, stored_macs
    from shared.facts.distrust import WORDS
    from shared.tlog import checkpoint

    key = pinned(vkey)
    if bundle_file is not None:
        trail_export.verify_bundle(bundle_file, vkey, follows, witness or [], quorum, as_json)
        return
    from fenghuo import trail_check

    since, keep, goes_on = trail_check.last_time(state, since, keep)
    only_new = only_new or goes_on
    if case is not None and (only_new or since is not None or keep is not None):
        fail(
            Exit.USAGE,
            worded("--case goes from the first record on and keeps nothing"),
            worded("leave out --since, --only-new, --keep and --state"),
        )
    if only_new and since is None:
        fail(
            Exit.USAGE,
            worded("--only-new needs --since"),
            worded("name the checkpoint kept last time: --since FILE --only-new"),
        )
    kept = bytes_of(since) if since is not None else None
    try:
        earlier = checkpoint.read(kept, key) if kept is not None else None
    except checkpoint.CheckpointError as error:
        fail(
            Exit.USAGE,
            f"{since}: {error}",
            worded(
                "name a file with a checkpoint of this trail, as `--keep` or `curl …/checkpoint` wrote it"
            ),
        )

    tsa, before = trail_check.authorities(tsa_cert), pinned_before(follows, vkey)
    witnesses = trail_proof.pinned_witnesses(witness or [], quorum, key)
    heads: list[witnessed.Witnessed] = []

    async def work(source: Any, progress: Progressed) -> verifying.Verdict:
        cosigned = await source.sealed_checkpoint(max(quorum, 1)) if witnesses else None
        verdict = await verifying.verify(
            source,
            key,
            since=earlier,
            only_new=only_new,
            payloads=not headers_only,
            case=case,
            opener=trail_check.opener_of(folder, mongo),
            tsa=tsa,
            before=before,
            progress=progress,
        )
        if broker:
            verdict.faults += await trail_check.broker_faults(source, key, progress)
        if isinstance(source, StoreSource) and not only_new and not headers_only and case is None:
            macs = stored_macs(Settings().data_dir / NAME)
            verdict.faults += [
                verifying.TrailFault(index, words)
                for index, words in await source.search_faults(verdict.size, macs)
            ]
        if witnesses and verdict.size:
            heads.append(
                await witnessed.check(source, key, witnesses, max(quorum, 1), kept=kept, sealed=cosigned)
            )
            verdict.faults += [verifying.TrailFault(None, words) for words in heads[0].faults]
        return verdict

    verdict = with_source(work, folder, mongo, "checking")
    if verdict.holds and keep is not None:
        trail_check.keep_state(keep, verdict.note)
    faults = [
        {"record": fault.index, "case": fault.case, "time": fault.time, "what": fault.words}
        for fault in verdict.faults
    ]
    forged = [
        {"record": index, "case": of or None, "reason": why, "what": WORDS[why]}
        for index, of, why in verdict.distrusted
    ]
    result: dict[str, Any] = {
        "holds": verdict.holds, "size": verdict.size, "root": verdict.root, "signed": verdict.time, "checked": verdict.checked,
        "payloads": verdict.payloads, "from": verdict.since, "stamps": verdict.stamps, "faults": faults,
        "case": None if case is None else {"id": case, "records": verdict.of_case},
        "not_authentic": forged,
        "erased": verdict.erased, "erasures": verdict.erasures, "lost": verdict.lost, "losses": verdict.losses,
        "follows": None if (end := verdict.follows) is None else {"trail": end.name, "size": end.size, "signed": before is not None},
        "witnessed": {"size": heads[0].size, "times": heads[0].times, "quorum": heads[0].quorum} if heads else None,
        "not_known": trail_check.not_known(verdict, heads[0].size if heads else None, key.name, before) if verdict.holds else [],
    }  # fmt: skip

    def render(_: object) -> None:
        for head in heads:
            mark = "[bold green]✓[/]" if head.is_met else "[bold yellow]?[/]"
            out.print(f"{mark} {head.words()}", highlight=False)
        _show_verdict(verdict, case)
        for words in result["not_known"]:
            out.print(words, markup=False, highlight=False, style="dim")

    answer(result, as_json=as_json, render=render)
    raise typer.Exit(_exit_of(verdict, not witnesses or bool(heads and heads[0].is_met)))


def _exit_of(verdict: "verifying.Verdict", is_witnessed: bool) -> Exit:
    """The gravest: what was changed, then what was let in, then who has not looked yet."""
    if not verdict.holds:
        return Exit.NO
    if verdict.distrusted:
        return Exit.NOT_AUTHENTIC
    return Exit.DONE if is_witnessed else Exit.UNWITNESSED


def _show_verdict(verdict: "verifying.Verdict", case: str | None) -> None:
    from shared.facts.distrust import WORDS

    for fault in verdict.faults:
        of = worded(" of case %(case)s", case=fault.case) if fault.case else ""
        where = (
            worded("the trail")
            if fault.index is None
            else worded(
                "record %(index)s%(of)s%(value)s",
                index=fault.index,
                of=of,
                value=worded(", stored %(time)s", time=fault.time) if fault.time else "",
            )
        )
        out.print(f"[bold red]✗ {where}:[/] ", end="")
        out.print(fault.words, markup=False, highlight=False)
    if verdict.holds:
        if case is not None:
            out.print(
                worded(
                    "[bold green]✓ case %(case)s:[/] %(of_case)s records, none of it left out up to the checkpoint",
                    case=case,
                    of_case=verdict.of_case,
                ),
                highlight=False,
            )
        out.print(
            worded(
                "[bold green]✓ the trail holds:[/] %(checked)s records and %(payloads)s payloads checked, "
                "%(size)s signed at %(time)s, root %(root)s…",
                checked=verdict.checked,
                payloads=verdict.payloads,
                size=verdict.size,
                time=verdict.time,
                root=verdict.root[:16],
            ),
            highlight=False,
        )
        for index, of, why in verdict.distrusted:
            of_case = worded(" of case %(of)s", of=of) if of else ""
            out.print(
                worded(
                    "[bold yellow]! record %(index)s%(of_case)s is of no authentic fact:[/] %(WORDS)s",
                    index=index,
                    of_case=of_case,
                    WORDS=WORDS[why],
                ),
                highlight=False,
            )
        if (end := verdict.follows) is not None:
            out.print(
                worded(
                    "it follows trail %(end_name)s, which ended with %(size)s records",
                    end_name=end.name,
                    size=end.size,
                ),
                highlight=False,
            )
        if verdict.lost:
            out.print(
                worded(
                    "[bold yellow]%(lost)s facts were lost by the broker and never recorded, as the trail itself says:[/]",
                    lost=verdict.lost,
                )
            )
        for words in (*verdict.losses, *verdict.erasures):
            out.print(words, markup=False, highlight=False, style="dim")
    else:
        count = len(verdict.faults)
        out.print(
            worded("[bold red]✗ the trail is broken:[/] 1 fault")
            if count == 1
            else worded("[bold red]✗ the trail is broken:[/] %(count)s faults", count=count),
            highlight=False,
        )


@app.command("vkey")
def show_vkey(as_json: AsJson = False) -> None:
    """The public key as the running service says it. Compare it with the one you were given by another way
    before pinning it.
    """
    text = call("audit", "GET", "/api/v1/trail/vkey").text.strip()
    answer({"vkey": text}, as_json=as_json, render=lambda _: out.print(text, highlight=False))
