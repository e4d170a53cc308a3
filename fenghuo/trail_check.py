"""What `fenghuo trail verify` checks beside the trail itself: the broker's stream, and from where it went on
last time.

Invariant: the state file only ever holds a checkpoint up to which all held.
"""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.x509 import Certificate

from fenghuo.answers import Exit, fail
from fenghuo.places import nats_url, secrets_folder
from fenghuo.speech import worded
from fenghuo.trail_source import Progressed, bytes_of, source_at
from services.audit.checking.pool import Opener
from services.audit.checking.run import TrailFault
from services.audit.records.timestamp import certificates
from shared.message import N_
from shared.secrets import nkey_file
from shared.settings import Settings
from shared.synced_files import replace_synced
from shared.tlog.note import Verifier

if TYPE_CHECKING:
    from nats.aio.client import Client

    from services.audit.checking.verify import Verdict

_USER = "audit"
_PATIENCE = 10.0
CHECK_BROKER = N_("see that it runs and that FENGHUO_NATS_URL and FENGHUO_NATS_CREDENTIALS are right")


def authorities(path: Path | None) -> list[Certificate]:
    """The time-stamping authorities that are trusted."""
    try:
        return certificates(bytes_of(path)) if path is not None else []
    except ValueError as error:
        fail(
            Exit.USAGE,
            worded("%(path)s holds no certificates (%(error)s)", path=path, error=error),
            worded("name a file in PEM form, as the authority publishes it"),
        )


def opener_of(folder: Path | None, mongo: str | None) -> Opener | None:
    """How another process opens the same source; None where only this one can."""
    return None if folder is None and mongo is None else partial(source_at, folder, mongo)


def last_time(
    state: Path | None, since: Path | None, keep: Path | None
) -> tuple[Path | None, Path | None, bool]:
    """(since, keep, only new) where `--state` stands for all three; the first time there is no state yet."""
    if state is None:
        return since, keep, False
    if since is not None or keep is not None:
        fail(
            Exit.USAGE,
            worded("--state stands for --since, --only-new and --keep"),
            worded("give --state alone"),
        )
    return (state if state.exists() else None), state, state.exists()


def keep_state(path: Path, note: str) -> None:
    """Replaced as a whole: a run that is cut short leaves the former one."""
    replace_synced(path, note.encode())


def not_known(verdict: "Verdict", cosigned: int | None, log: str, before: Verifier | None) -> list[str]:
    """What a trail that holds does not show by itself. `cosigned`: the records that witnesses cosigned, None
    where none was named; `before`: the key of the trail before, where that was given.
    """
    sentences: list[str] = []
    if verdict.follows is not None and before is None:
        name = verdict.follows.name
        sentences.append(
            worded(
                "not known: whether %(name)s, which it follows, was ended so by its own key; give that key (--follows VKEY)",
                name=name,
            )
        )
    resting = max(verdict.since, cosigned or 0)
    if resting >= verdict.size:
        return sentences
    what = (
        worded("records from %(resting)s on rest", resting=resting) if resting else worded("all this rests")
    )
    ways = (
        worded("name a witness (--witness VKEY)")
        if cosigned is None
        else worded("wait for its witnesses to cosign the rest")
    )
    also = "" if resting else worded(", or give a checkpoint that was kept elsewhere (--since FILE)")
    return [
        *sentences,
        worded(
            "not known: %(what)s on the key of %(log)s alone; whoever holds it can make a whole trail anew. To find that, %(ways)s%(also)s",
            what=what,
            log=log,
            ways=ways,
            also=also,
        ),
    ]


async def as_audit() -> "Client":
    """A connection as the audit's own user: with its key on this machine, or FENGHUO_NATS_CREDENTIALS."""
    from shared.broker.connection import connect

    settings = Settings()
    settings = settings.model_copy(update={"nats_url": nats_url(settings)})
    if settings.nats_credentials is None:
        settings = settings.model_copy(
            update={"nats_credentials": secrets_folder(settings) / nkey_file(_USER)}
        )
    bytes_of(settings.nats_credentials or Path())
    try:
        return await connect(settings, _USER, timeout=_PATIENCE)
    except TimeoutError:
        fail(
            Exit.UNREACHABLE,
            worded(
                "the broker at %(nats_url)s can't be reached, or is not this installation's",
                nats_url=settings.nats_url,
            ),
            CHECK_BROKER,
        )


async def broker_faults(source: Any, key: Verifier, progress: Progressed) -> list[TrailFault]:
    from services.audit.writing.against_stream import stream_faults
    from services.audit.writing.feed import Feed

    connection = await as_audit()
    try:
        return await stream_faults(source, key, Feed(lambda: connection), progress)
    finally:
        await connection.close()
