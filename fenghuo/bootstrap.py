"""Makes what must exist before any service starts: keys and secrets in files readable by their owner alone,
streams and durables.

Safe to repeat: a secret that exists is never replaced, a stream never emptied.
"""

import base64
import hashlib
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import nkeys
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from fenghuo.sources import make_folder
from fenghuo.speech import worded
from shared.secrets import NATS_USERS, SecretFile, nkey_file
from shared.settings import Settings
from shared.synced_files import write_new

if TYPE_CHECKING:
    from nats.js.errors import APIError

TRAIL_ORIGIN = "fenghuo.trail"
"""The checkpoint's origin and its key's name, unless the operator names the log otherwise."""


def make_secrets(folder: Path, origin: str = TRAIL_ORIGIN) -> list[str]:
    """Make every secret that is missing. Returns the names of those made."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    make_folder(folder)
    files_written: list[str] = []

    def write(name: str, content: bytes) -> None:
        write_new(folder / name, content)
        files_written.append(name)

    def missing(name: str) -> bool:
        return not (folder / name).exists()

    for signing, verify in (
        (SecretFile.TOKEN_SIGNING, SecretFile.TOKEN_VERIFY),
        (SecretFile.RECEIPT_SIGNING, SecretFile.RECEIPT_VERIFY),
    ):
        if missing(signing):
            key = Ed25519PrivateKey.generate()
            write(signing, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            write(verify, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    if missing(SecretFile.LINK):
        write(SecretFile.LINK, secrets.token_hex(32).encode())
    if missing(SecretFile.WEBHOOK):
        write(SecretFile.WEBHOOK, b"whsec_" + base64.b64encode(secrets.token_bytes(32)))
    if missing(SecretFile.VAPID):
        vapid = ec.generate_private_key(ec.SECP256R1())
        write(SecretFile.VAPID, vapid.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    if missing(SecretFile.TRAIL_SIGNING):
        skey, vkey = note_key(origin)
        write(SecretFile.TRAIL_SIGNING, skey.encode())
        write(SecretFile.TRAIL_VERIFY, vkey.encode())
    for user in NATS_USERS:
        if missing(nkey_file(user)):
            write(nkey_file(user), nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER))
    return files_written


def note_key(name: str) -> tuple[str, str]:
    """A C2SP signed-note Ed25519 key pair as text: (`PRIVATE+KEY+<name>+<hash>+<key>`,
    `<name>+<hash>+<key>`).
    """
    private = Ed25519PrivateKey.generate()
    seed = b"\x01" + private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    public = b"\x01" + private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    key_hash = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4].hex()
    return (
        f"PRIVATE+KEY+{name}+{key_hash}+{base64.b64encode(seed).decode()}",
        f"{name}+{key_hash}+{base64.b64encode(public).decode()}",
    )


def public_nkeys(folder: Path) -> dict[str, str]:
    """FENGHUO_NKEY_<USER> → public key, as config/nats.conf reads them."""
    return {
        f"FENGHUO_NKEY_{user.upper()}": bytes(
            nkeys.from_seed(bytearray((folder / nkey_file(user)).read_bytes())).public_key
        ).decode()
        for user in NATS_USERS
    }


async def declare_streams(settings: Settings, *, timeout: float = 30.0) -> list[str]:
    """As the admin, make the broker hold the streams, buckets and durables of shared/streams.py, in
    `settings.replicas` copies.

    Raises APIError where the broker refuses, such as more copies than there are brokers.
    """
    # Loaded here: the launcher starts its children while this takes its second.
    from shared import streams
    from shared.broker.connection import connect

    connection = await connect(settings, "admin", timeout=timeout)
    try:
        return await streams.declare(connection.jetstream(timeout=timeout), settings.replicas)
    finally:
        await connection.close()


def refused_words(error: "APIError") -> str:
    return worded(
        "the broker refuses to declare: %(description)s (%(err_code)s)",
        description=error.description,
        err_code=error.err_code,
    )
