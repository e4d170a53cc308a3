"""`fenghuo trail begin`: ends a trail that can't go on and begins the next one.

Invariant: what was recorded stays where it is, under the key that signed it; the next trail has databases, a
name and a key of its own.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from fenghuo.answers import AsJson, Exit, answer, fail, out
from fenghuo.speech import also, worded


def begin(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False, as_json: AsJson = False
) -> None:
    """End this trail and begin another, which records all that the broker has now. Stop the audit first; read
    docs/deploy.md before.

    Run where the audit's data folder (FENGHUO_DATA_DIR) and the secrets (FENGHUO_SECRETS_DIR) can be written.
    """
    from fenghuo.places import running_addresses
    from services.audit.writing import succession
    from services.audit.writing.signer import RefusedError
    from shared.secrets import SecretFile, SecretMissing, read_secret
    from shared.settings import Settings
    from shared.tlog.note import NoteError, Signer

    settings = Settings()
    if running_addresses(settings.data_dir):
        fail(
            Exit.NO,
            worded("this installation is running"),
            worded("stop it first (Ctrl-C), then call this again and start it"),
        )
    if not yes and not as_json:
        typer.confirm(
            worded(
                "End this trail for good? Where a newer copy of the broker's data exists, put that back instead."
            ),
            abort=True,
        )
    folder = settings.data_dir / "audit"
    try:
        old = Signer.read(read_secret(settings.secrets, SecretFile.TRAIL_SIGNING).decode())
        number = succession.Succession.read(folder).number + 1
        vkey = _made_beside(settings.secrets, old.name, number)
        following = succession.begin(folder, old, vkey)
        _take_over(settings.secrets, number)
    except (RefusedError, SecretMissing, NoteError) as error:
        fail(
            Exit.NO, str(error), worded("name the right folders in FENGHUO_DATA_DIR and FENGHUO_SECRETS_DIR")
        )
    except OSError as error:
        fail(
            Exit.USAGE,
            worded(
                "can't write %(filename)s: %(error_strerror)s",
                filename=error.filename,
                error_strerror=also(error.strerror or str(error)),
            ),
            worded("run it as the user who owns the data and the secrets"),
        )

    def render(_: Any) -> None:
        out.print(
            worded("trail %(number)s has ended; its store and its key stay as they are", number=number - 1),
            highlight=False,
        )
        out.print(
            worded(
                "trail %(number)s begins with the next start of the audit. Give its key to whoever checks it:",
                number=number,
            ),
            highlight=False,
        )
        out.print(vkey, highlight=False, soft_wrap=True)

    answer(
        {"number": following.number, "follows": following.follows, "vkey": vkey},
        as_json=as_json,
        render=render,
    )


def _made_beside(secrets: Path, name: str, number: int) -> str:
    """The key pair of the next trail, in files of its own; one that is there is taken, so that this may be
    repeated. Returns the vkey.
    """
    from fenghuo.bootstrap import note_key

    signing, verify = _files(secrets, number)
    if not verify.exists():
        skey, vkey = note_key(f"{name.rpartition('/')[0] if number > 2 else name}/{number}")
        for path, content in ((signing, skey), (verify, vkey)):
            path.touch(mode=0o600)
            path.write_text(content)
    return verify.read_text().strip()


def _take_over(secrets: Path, number: int) -> None:
    """The next trail's keys take the place of the ended one's, which are kept under its number."""
    from shared.secrets import SecretFile

    for name, kept, made in zip(
        (SecretFile.TRAIL_SIGNING, SecretFile.TRAIL_VERIFY),
        _files(secrets, number - 1),
        _files(secrets, number),
        strict=True,
    ):
        (secrets / name).replace(kept)
        made.replace(secrets / name)


def _files(secrets: Path, number: int) -> tuple[Path, Path]:
    return secrets / f"trail-{number}.skey", secrets / f"trail-{number}.vkey"
