"""A log made of nothing but the specifications: whatever it should never sign, it signs here on demand."""

import base64
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.conformance.verifier.note import ED25519, Key, key_id
from tests.conformance.verifier.tree import consistency_path, leaf_hash, tree_hash


def secret(seed: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


def vkey(name: str, kind: int, key: Ed25519PrivateKey) -> str:
    public = key.public_key().public_bytes_raw()
    return f"{name}+{key_id(name, kind, public).hex()}+{base64.b64encode(bytes([kind]) + public).decode()}"


def signature_line(key: Key, signature: bytes) -> bytes:
    return f"— {key.name} {base64.b64encode(key.id + signature).decode()}\n".encode()


def checkpoint_text(origin: str, size: int, root: bytes, *extensions: str) -> bytes:
    lines = [origin, str(size), base64.b64encode(root).decode(), *extensions]
    return "".join(f"{line}\n" for line in lines).encode()


class MadeLog:
    """`leaves` may be exchanged for others: that is a log that rewrites itself."""

    def __init__(self, origin: str, leaves: int, seed: int) -> None:
        self.origin = origin
        self.leaves = [leaf_hash(n.to_bytes(4)) for n in range(leaves)]
        self.secret = secret(seed)
        self.vkey = vkey(origin, ED25519, self.secret)
        self.key = Key.read(self.vkey)

    def root(self, size: int) -> bytes:
        return tree_hash(self.leaves[:size])

    def checkpoint(self, size: int, *extensions: str, root: bytes | None = None) -> bytes:
        return self.sign(checkpoint_text(self.origin, size, root or self.root(size), *extensions))

    def sign(self, text: bytes) -> bytes:
        return text + b"\n" + signature_line(self.key, self.secret.sign(text))

    def path(self, old: int, size: int) -> Sequence[bytes]:
        return consistency_path(old, size, lambda start, end: tree_hash(self.leaves[start:end]))
