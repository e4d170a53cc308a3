"""`fenghuo source`: the keys with which the sources of the directory publish on the broker."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from fenghuo.answers import AsJson, Exit, answer, err, fail, out
from fenghuo.parts import located
from fenghuo.places import reload_broker, secrets_folder
from fenghuo.sources import SourceKey, SourceKeyError, SourceKeys
from fenghuo.speech import worded
from shared.directory import Directory, load_directory
from shared.lined_yaml import YamlFault
from shared.message import N_, because
from shared.settings import Settings

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="The keys of the sources that publish on the broker."
)

Id = Annotated[str, typer.Argument(metavar="SOURCE", help="Its id under `sources` in the directory.")]
Secrets = Annotated[Path | None, typer.Option(help="The secrets folder; default that of what runs here.")]
NOT_TOLD = N_(
    "no broker of this folder runs here. One that runs elsewhere reads it when told, twice: "
    "`docker compose kill -s HUP nats`, or `nats-server --signal reload=<pid>`"
)


@app.command()
def add(source: Id, secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Make the key of a declared source: its seed in a file for its owner's eyes alone, its public key with
    the broker.
    """
    _change(lambda keys, directory: keys.add(source, directory, datetime.now(UTC)), secrets, as_json)


@app.command()
def revoke(source: Id, secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Take the key of a source back: the broker ends its connection and lets it in no more. No other source
    notices.
    """
    _change(lambda keys, directory: keys.revoke(source, directory, datetime.now(UTC)), secrets, as_json)


@app.command()
def refresh(secrets: Secrets = None, as_json: AsJson = False) -> None:
    """After a change of `sources` in the directory: let the broker know which formats each may send."""
    _change(lambda keys, directory: keys.refresh(directory), secrets, as_json)


@app.command("list")
def list_(secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Every source of the directory, and every key: when it was made, when it was taken back."""

    keys, directory = _keys_and_directory(secrets)
    keys_made = keys.all()
    sources = list(dict.fromkeys([*directory.sources_by_id, *(key.source for key in keys_made)]))
    formats = {
        source: list(directory.sources_by_id[source].formats) if source in directory.sources_by_id else []
        for source in sources
    }

    def render(_: Any) -> None:
        shown = Table(
            worded("source"),
            worded("formats"),
            worded("key"),
            worded("made"),
            worded("taken back"),
            box=None,
            pad_edge=False,
            header_style="dim",
        )
        for source in sources:
            rows = [
                (key.public_key, _day(key.made_at), _day(key.revoked_at))
                for key in keys_made
                if key.source == source
            ]
            for row in rows or [(worded("none: fenghuo source add %(source)s", source=source), "", "")]:
                shown.add_row(source, ", ".join(formats[source]), *row)
        out.print(shown)

    result = [
        {
            "source": source,
            "formats": formats[source],
            "keys": [key.model_dump(mode="json") for key in keys_made if key.source == source],
        }
        for source in sources
    ]
    answer(result, as_json=as_json, render=render)


def _day(at: datetime | None) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}" if at else ""


def _keys_and_directory(secrets: Path | None) -> tuple[SourceKeys, Directory]:

    settings = Settings()
    try:
        return SourceKeys(secrets or secrets_folder(settings)), load_directory(located(settings.directory))
    except (YamlFault, OSError) as error:
        fail(Exit.USAGE, because(error), worded("name the right file in FENGHUO_DIRECTORY"))


def _change(
    change: Callable[[SourceKeys, Directory], SourceKey | None], secrets: Path | None, as_json: bool
) -> None:

    keys, directory = _keys_and_directory(secrets)
    try:
        key = change(keys, directory)
    except SourceKeyError as error:
        fail(Exit.NO, str(error), error.remedy)
    except OSError as error:
        fail(
            Exit.USAGE,
            worded("the keys can't be written: %(error)s", error=error),
            worded("name the secrets folder of the installation: --secrets, FENGHUO_SECRETS_DIR"),
        )
    is_reloaded = reload_broker(Settings(), keys.secrets)
    if is_reloaded is False:
        fail(
            Exit.UNREACHABLE,
            worded("the broker that runs here has not read the change"),
            worded("see its log, mend what it names: fenghuo source refresh"),
        )

    def render(_: Any) -> None:
        if key is not None and key.revoked_at is None:
            out.print(
                worded("the key of %(source)s: %(seed)s", source=key.source, seed=keys.seed(key.source)),
                highlight=False,
            )
        elif key is not None:
            out.print(worded("the key of %(source)s is taken back", source=key.source), highlight=False)
        else:
            out.print(worded("written anew"), highlight=False)
        if is_reloaded is None:
            err.print(worded(NOT_TOLD), highlight=False)

    seed = str(keys.seed(key.source)) if key and key.revoked_at is None else None
    result = {
        **(key.model_dump(mode="json") if key else {}),
        "seed": seed,
        "broker_has_read_it": bool(is_reloaded),
    }
    answer(result, as_json=as_json, render=render)
