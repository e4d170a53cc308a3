"""`fenghuo witness …`: watch over a trail from another machine, with a key of one's own, and answer for what
was seen.

Needs no broker, no store and no token: a folder and the way to the trail's address.
"""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from fenghuo.answers import AsJson, Exit, answer, fail, out
from fenghuo.speech import worded

app = typer.Typer(help="Witness a trail from another machine.", no_args_is_help=True)
Where = Annotated[
    Path,
    typer.Option(
        "--folder", envvar="FENGHUO_WITNESS_DIR", help="Key, configuration, states and evidence lie here."
    ),
]
DEFAULT = Path("witness")


@app.command()
def init(
    log: Annotated[
        str,
        typer.Option(
            help="The public key of the log, `<name>+<hash>+<key>`, obtained by another way than its address."
        ),
    ],
    url: Annotated[
        str,
        typer.Option(
            help="Where the log can be read (its trail's address). Empty: it only comes here by itself."
        ),
    ] = "",
    name: Annotated[
        str, typer.Option(help="Names this witness, like an address: discipline.city.example/witness")
    ] = "fenghuo.witness",
    listen: Annotated[
        str, typer.Option(help="host:port to serve add-checkpoint, /healthz and /metrics on.")
    ] = "127.0.0.1:8090",
    webhook: Annotated[str, typer.Option(help="POSTed to when a log misbehaves or goes quiet.")] = "",
    folder: Where = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Make the key (once), and follow a log. Repeat it for each log."""
    from fenghuo.witness.folder import Folder, FolderError
    from shared.tlog.note import NoteError

    try:
        vkey, new = Folder(folder).init(name, log, url, listen=listen, webhook=webhook, now=int(time.time()))
    except (NoteError, FolderError, OSError) as error:
        fail(
            Exit.USAGE,
            str(error),
            worded("correct it and run `fenghuo witness init` again; what is made stays"),
        )
    result = {"folder": str(folder), "vkey": vkey, "log": log.partition("+")[0], "new": new}

    def render(_: object) -> None:
        following = worded("following") if new else worded("followed already")
        out.print(f"{following}: {result['log']}", highlight=False)
        out.print(
            worded("[dim]this witness's public key, to be given to whoever checks the trail:[/]"),
            highlight=False,
        )
        out.print(vkey, highlight=False)

    answer(result, as_json=as_json, render=render)


@app.command()
def run(
    folder: Where = DEFAULT,
    every: Annotated[float, typer.Option(min=0.05, help="Seconds between two looks at a log.")] = 5.0,
) -> None:
    """Follow the logs and cosign what is consistent, until SIGTERM."""
    from fenghuo.witness.folder import Folder, FolderError
    from fenghuo.witness.program import run as run_program
    from shared.logs import configure

    configure("witness")
    try:
        run_program(Folder(folder), every=every)
    except (FolderError, OSError) as error:
        fail(Exit.USAGE, str(error), worded("do as it says, then start it again"))


@app.command()
def status(folder: Where = DEFAULT, as_json: AsJson = False) -> None:
    """How each log stands. Ends with 1 where one misbehaved, with 3 where one is quiet: fit for cron."""
    from fenghuo.witness.evidence import NEXT, EvidenceFolder
    from fenghuo.witness.folder import Folder, FolderError

    witness_folder = Folder(folder)
    try:
        config, vkey = witness_folder.config(), witness_folder.cosigner().vkey
        heads = {origin: witness_folder.last_head(log) for origin, log in config.logs.items()}
    except FolderError as error:
        fail(Exit.USAGE, str(error), worded("name the folder of a witness: --folder"))
    now = int(time.time())
    evidence = [str(path) for path in EvidenceFolder(folder / "evidence").files()]
    logs: list[dict[str, Any]] = [
        {
            "log": origin,
            "size": head.size,
            "root": head.root,
            "age": now - head.time,
            "quiet": now - head.time > config.quiet_after,
        }
        for origin, head in heads.items()
    ]

    def render(_: object) -> None:
        for log in logs:
            mark = worded("[yellow]? quiet:[/]") if log["quiet"] else "[green]✓[/]"
            out.print(
                worded(
                    "%(mark)s %(log)s: %(size)s records, cosigned %(age)s s ago",
                    mark=mark,
                    log=log["log"],
                    size=log["size"],
                    age=log["age"],
                ),
                highlight=False,
            )
            if log["quiet"]:
                out.print(
                    worded(
                        "  → see that `fenghuo witness run` runs here, that the log runs, and that it can be reached"
                    ),
                    highlight=False,
                )
        for path in evidence:
            out.print(worded("[bold red]✗ evidence:[/] %(path)s", path=path), highlight=False)
        if evidence:
            out.print(f"  → {NEXT}", highlight=False)

    answer({"vkey": vkey, "logs": logs, "evidence": evidence}, as_json=as_json, render=render)
    if evidence:
        raise typer.Exit(Exit.NO)
    if any(log["quiet"] for log in logs):
        raise typer.Exit(Exit.UNREACHABLE)
