"""What a deployment needs before `docker compose up`: secrets as files, the broker's public keys in `.env`;
and, inside, the streams.

Invariant: nothing that exists is replaced, so that a repeat after an upgrade only adds what is new. The
secrets folder is open to its owner alone; the files in it may be read, because each container sees only the
files mounted into it and runs as a user of its own, which is none of this host.

    python -m fenghuo.deployment secrets .     deploy/secrets/* and .env in this folder
    python -m fenghuo.deployment streams       as the admin, declare streams, buckets and durables
    (docker-compose.yml: bootstrap) python -m fenghuo.deployment store         as root, make the replica set,
    roles, users, collections (docker-compose.yml: mongo-init)
"""

import asyncio
import secrets
from pathlib import Path
from typing import Annotated

import typer
from nats.js.errors import APIError
from pymongo.errors import PyMongoError

from fenghuo import durability, store
from fenghuo.answers import Exit, fail
from fenghuo.bootstrap import TRAIL_ORIGIN, declare_streams, make_secrets, public_nkeys, refused_words
from fenghuo.speech import also, worded
from services.audit.store.calls import StoreError
from shared.secrets import SecretMissing, read_secret, source_seed_file
from shared.settings import Settings
from shared.synced_files import write_new

SECRETS = Path("deploy/secrets")
PASSWORDS = (
    "mongo-root-password",
    *(f"mongo-{user}-password" for user in store.USERS),
    "grafana-admin-password",
)
KEYFILE = "mongo-keyfile"
"""What the members of the store's replica set know each other by: 6 to 1024 base 64 characters."""

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Prepare a deployment (docs/deploy.md).")


def prepare(folder: Path, origin: str = TRAIL_ORIGIN) -> list[str]:
    """Make what is missing under `folder`: deploy/secrets/* and the public keys in .env. Returns what was
    made.
    """
    keys = folder / SECRETS
    files_written = make_secrets(keys, origin)
    for name in PASSWORDS:
        files_written += _write_once(keys / name, secrets.token_urlsafe(32))
    files_written += _write_once(keys / KEYFILE, secrets.token_hex(256))
    for file in keys.iterdir():
        # The key of a source is for no container: it goes to whoever runs that source.
        if file.is_file() and not file.match(source_seed_file("*")):
            file.chmod(0o444)
    files_written = [str(SECRETS / name) for name in files_written]
    return files_written + _keep_in_env(folder / ".env", public_nkeys(keys))


def _write_once(path: Path, content: str) -> list[str]:
    try:
        write_new(path, content.encode())
    except FileExistsError:
        return []
    return [path.name]


def _keep_in_env(path: Path, variables: dict[str, str]) -> list[str]:
    """Set these variables in a .env file and leave every other line as the operator wrote it."""
    lines = path.read_text().splitlines() if path.exists() else []
    kept = [line for line in lines if line.partition("=")[0].strip() not in variables]
    ours = [f"{name}={value}" for name, value in variables.items()]
    if set(ours) <= set(lines):
        return []
    path.write_text("\n".join([*kept, *ours]) + "\n")
    return [path.name]


@app.command("secrets")
def secrets_command(
    folder: Annotated[Path, typer.Argument(help="Where docker-compose.yml stands.")] = Path(),
    origin: Annotated[
        str,
        typer.Option(
            help="The trail's name in its checkpoints, like an address: trail.city.example/fenghuo. No two trails may share one; "
            "it can't be changed later."
        ),
    ] = TRAIL_ORIGIN,
) -> None:
    """Make every key and password that is missing; nothing that exists is touched."""
    if not origin or "+" in origin or any(letter.isspace() for letter in origin):
        fail(
            Exit.USAGE,
            worded("%(origin)s can't name a trail", origin=repr(origin)),
            worded("no spaces and no plus: `trail.city.example/fenghuo`"),
        )
    try:
        files_written = prepare(folder, origin)
    except OSError as error:
        fail(
            Exit.USAGE,
            worded(
                "can't write below %(folder)s (%(error_strerror)s)",
                folder=folder,
                error_strerror=also(error.strerror or str(error)),
            ),
            worded("run it as the user who owns that folder, or name another one"),
        )
    typer.echo(
        "\n".join(worded("made %(name)s", name=name) for name in files_written)
        or worded("everything is there already")
    )


@app.command("streams")
def streams_command() -> None:
    """Declare streams, buckets and durables with the admin's key (FENGHUO_NATS_URL,
    FENGHUO_NATS_CREDENTIALS).
    """
    settings = Settings()
    try:
        declared = asyncio.run(declare_streams(settings, timeout=60.0))
    except TimeoutError:
        fail(
            Exit.UNREACHABLE,
            worded("the broker at %(nats_url)s does not answer", nats_url=settings.nats_url),
            worded("is it up, and is FENGHUO_NATS_CREDENTIALS the admin's key of this deployment?"),
        )
    except APIError as error:
        fail(
            Exit.NO,
            refused_words(error),
            worded("as many brokers must be up as copies are asked for (FENGHUO_REPLICAS)"),
        )
    typer.echo(
        "\n".join(worded("declared %(name)s", name=name) for name in declared)
        or worded("all declared already")
    )
    if lazily := asyncio.run(durability.looked_up(settings)):
        typer.echo(lazily, err=True)


@app.command("store")
def store_command(
    host: Annotated[
        str, typer.Argument(help="A member of the store, as the services reach it.")
    ] = "mongo:27017",
    trails: Annotated[
        int,
        typer.Option(
            min=1,
            envvar="FENGHUO_TRAILS",
            help="How many trails there have been: one more than `fenghuo trail begin` ended.",
        ),
    ] = 1,
) -> None:
    """Make the replica set, its roles and users, and the trail's collections (passwords:
    FENGHUO_SECRETS_DIR).
    """
    folder = Settings().secrets
    try:
        client = store.connect_root(host, read_secret(folder, "mongo-root-password").decode())
        initiated = store.initiate(client, host)
        store.declare_roles(client, trails)
        passwords = {user: read_secret(folder, f"mongo-{user}-password").decode() for user in store.USERS}
        store.declare_users(client, passwords)
        asyncio.run(store.make_collections(host, passwords["setup"], trails))
    except SecretMissing as error:
        fail(Exit.USAGE, str(error), worded("docs/deploy.md says which secret is mounted where"))
    except (PyMongoError, StoreError, TimeoutError) as error:
        fail(
            Exit.UNREACHABLE,
            worded("the store at %(host)s: %(error)s", host=host, error=error),
            worded("see the log of mongo; is mongo-root-password the one it was first started with?"),
        )
    typer.echo(worded("replica set rs0 made") if initiated else worded("the replica set is there already"))
    typer.echo(
        "\n".join(
            worded("user %(user)s: %(role)s", user=user, role=role) for user, role in store.USERS.items()
        )
    )


if __name__ == "__main__":
    app()
