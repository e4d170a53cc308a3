"""What an operator may set for the audit, beside shared/settings.py."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from shared.settings import Settings


class AuditSettings(Settings):
    mongo_url: str = "mongodb://127.0.0.1:27017/?directConnection=true"
    mongo_password_file: Path | None = None
    """The password of the user that `mongo_url` names (`mongodb://audit@…`), in a file of its own: no
    environment shows it.
    """
    redactor_url: str | None = None
    """The store with the redactor's own user (`mongodb://redactor@…`): without it nothing is erased.
    Embedded: the same as `mongo_url`.
    """
    redactor_password_file: Path | None = None
    redactor_credentials: Path | None = None
    """A file with the seed of the broker's user `redactor`: without it no file's content is erased."""
    trail_heartbeat: timedelta = timedelta(seconds=60)
    """A checkpoint is signed this often even when nothing happens: silence is signed too."""
    trail_pace: timedelta = timedelta(seconds=1)
    """While facts arrive a checkpoint is signed at most this often."""
    trail_batch: int = 1_000
    """Facts written at once at most."""
    trail_adopt: bool = False
    """After the loss of the signer's state file: take the store's last checkpoint for it. Verify the trail
    first.
    """

    desk_url: str = ""
    """Where the duty desk is, at which people log in. Empty: with a token alone, here."""
    tsa_url: str | None = None
    """A time-stamping authority (RFC 3161) that the last checkpoint is shown to."""
    tsa_every: timedelta = timedelta(minutes=10)
    """At most this often."""
    trail_sm3: bool = False
    """Keep an SM3 digest of a checkpoint as often, without an authority too."""
    witnesses: str = ""
    """Who cosigns the checkpoints: lines of `<url> <vkey>`, or the path of a file with them (`fenghuo witness
    init` prints the vkey).
    """
    witness_quorum: int = 1
    """So many of them must have cosigned a checkpoint for what it covers to count as sealed."""
    trail_reads_pace: timedelta = timedelta(seconds=60)
    """What a reader looks at goes on record at most this often; a file taken away does at once."""

    @property
    def store_url(self) -> str:
        """`mongo_url` with the password put in; never to be logged."""
        return _with_password(self.mongo_url, self.mongo_password_file, "MONGO")

    @property
    def erasure_url(self) -> str | None:
        """`redactor_url` with the password put in; never to be logged."""
        return (
            _with_password(self.redactor_url, self.redactor_password_file, "REDACTOR")
            if self.redactor_url
            else None
        )


def _with_password(url: str, file: Path | None, prefix: str) -> str:
    if file is None:
        return url
    user, at, place = url.partition("@")
    if not at:
        raise ValueError(
            f"FENGHUO_{prefix}_PASSWORD_FILE needs a user in FENGHUO_{prefix}_URL: mongodb://{prefix.lower()}@…"
        )
    return f"{user}:{quote(file.read_text().strip(), safe='')}@{place}"
