"""The names of the files in the secrets folder, and how they are read. `fenghuo bootstrap` makes them; none
is ever in the tree.
"""

import hashlib
from enum import StrEnum
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key


class SecretFile(StrEnum):
    """Which service needs which stands in docker-compose.yml; each is mounted there alone."""

    TOKEN_SIGNING = "token-signing.pem"  # noqa: S105 - a file name
    """Signs bearer tokens: the operator's command alone."""
    TOKEN_VERIFY = "token-verify.pem"  # noqa: S105 - a file name
    RECEIPT_SIGNING = "receipt-signing.pem"
    """Signs receipts: intake alone."""
    RECEIPT_VERIFY = "receipt-verify.pem"
    LINK = "link.key"
    """Makes acknowledgement links unforgeable: the notifier alone. 32 random bytes, hex."""
    WEBHOOK = "webhook.key"
    """Signs webhooks (Standard Webhooks, `whsec_…`): the notifier and the gateway."""
    VAPID = "vapid.pem"
    """Signs what is sent to browsers (VAPID): the notifier alone. A P-256 key; with another one every browser has to be
    put down anew.
    """
    TRAIL_SIGNING = "trail.skey"
    """Signs checkpoints: the audit alone. A C2SP note key."""
    TRAIL_VERIFY = "trail.vkey"
    """Checkpoints, and documents made from the record, are checked with it: the audit, intake, and whoever has it."""


REDACTOR = "redactor"
"""The user of the broker, and of the store, that may erase: the audit's second key."""
NATS_USERS = ("admin", "intake", "escalator", "notifier", "audit", REDACTOR)


INSTALLATION_HEADER = "Fenghuo-Installation"
"""With which `/healthz` says whose it is, so that a command tells its own installation from another on the
same port.
"""


def nkey_file(user: str) -> str:
    return f"nats-{user}.nk"


def source_seed_file(source: str) -> str:
    """The key of one source that publishes on the broker (`fenghuo source`)."""
    return f"source-{source}.nk"


class SecretMissing(RuntimeError):
    """Says which file is missing and what makes it."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is missing or unreadable: run `fenghuo bootstrap`, or mount the secret there (FENGHUO_SECRETS_DIR)"
        )


def read_secret(folder: Path, name: str) -> bytes:
    path = folder / name
    try:
        return path.read_bytes()
    except OSError:
        raise SecretMissing(path) from None


def installation_of(folder: Path) -> str | None:
    """What all parts of one installation say alike and no other one says: made of the public key that its
    tokens are checked with.
    """
    try:
        return hashlib.sha256((folder / SecretFile.TOKEN_VERIFY).read_bytes()).hexdigest()[:32]
    except OSError:
        return None


def signing_key(folder: Path, name: SecretFile) -> Ed25519PrivateKey:
    key = load_pem_private_key(read_secret(folder, name), password=None)
    assert isinstance(key, Ed25519PrivateKey), f"{name} is not an Ed25519 key"
    return key


def verify_key(folder: Path, name: SecretFile) -> Ed25519PublicKey:
    key = load_pem_public_key(read_secret(folder, name))
    assert isinstance(key, Ed25519PublicKey), f"{name} is not an Ed25519 key"
    return key
