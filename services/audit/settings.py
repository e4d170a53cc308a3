"""What an operator may set for the audit, beside shared/settings.py."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from shared.settings import Settings


class AuditSettings(Settings):
    mongo_url: str = "mongodb://127.0.0.1:27017/?directConnection=true"
    mongo_password_file: Path | None = None
    """The password of the user that `mongo_url` names (`mongodb://audit@…`), in a file of its own: no environment shows it."""
    trail_heartbeat: timedelta = timedelta(seconds=60)
    """A checkpoint is signed this often even when nothing happens: silence is signed too."""
    trail_pace: timedelta = timedelta(seconds=1)
    """While facts arrive a checkpoint is signed at most this often."""
    trail_batch: int = 500
    """Facts written at once at most."""
    trail_adopt: bool = False
    """After the loss of the signer's state file: take the store's last checkpoint for it. Verify the trail first."""

    trail_reads_pace: timedelta = timedelta(seconds=60)
    """What a reader looks at goes on record at most this often; a file taken away does at once."""

    @property
    def store_url(self) -> str:
        """`mongo_url` with the password put in; never to be logged."""
        if self.mongo_password_file is None:
            return self.mongo_url
        user, at, place = self.mongo_url.partition("@")
        if not at:
            raise ValueError("FENGHUO_MONGO_PASSWORD_FILE needs a user in FENGHUO_MONGO_URL: mongodb://audit@…")
        return f"{user}:{quote(self.mongo_password_file.read_text().strip(), safe='')}@{place}"
