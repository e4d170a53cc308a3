"""Checks an evidence bundle of Fenghuo beside it: python3 verify.py <public key of the trail>.

Needs nothing but Python and `cryptography`, and trusts nothing in the bundle: bring the key from elsewhere.
Ends with 0 when all holds, 1 with the reason when something does not.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class BrokenError(Exception):
    """Says what does not hold."""


def require(holds: bool, words: str) -> None:
    if not holds:
        raise BrokenError(words)


def checkpoint_of(note: str, vkey: str) -> "tuple[int, bytes]":
    """Size and root, after the signature was checked."""
    name, hashed, coded = vkey.strip().split("+", 2)
    public = base64.b64decode(coded, validate=True)
    require(len(public) == 33 and public[0] == 1, "the key given is no Ed25519 key")
    require(hashlib.sha256(name.encode() + b"\n" + public).digest()[:4].hex() == hashed, "the key given is damaged")
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    for line in signatures.splitlines():
        if line.startswith(f"— {name} "):
            raw = base64.b64decode(line.rsplit(" ", 1)[1], validate=True)
            if raw[:4].hex() == hashed:
                try:
                    Ed25519PublicKey.from_public_bytes(public[1:]).verify(raw[4:], text.encode())
                except InvalidSignature:
                    raise BrokenError("the checkpoint's signature does not hold") from None
                origin, size, root = text.split("\n")[:3]
                require(origin == name, "the checkpoint is of another trail")
                return int(size), base64.b64decode(root, validate=True)
    raise BrokenError("the checkpoint is not signed by the key given")


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_from(index: int, size: int, leaf: bytes, path: "list[bytes]") -> bytes:
    """RFC 9162, 2.1.3.2."""
    require(0 <= index < size, "the record lies outside the tree")
    require(all(len(one) == 32 for one in path), "a hash of the proof has a wrong length")
    low, last, root = index, size - 1, leaf
    for one in path:
        require(last > 0, "the proof is too long")
        if low & 1 or low == last:
            root = node(one, root)
            while not low & 1 and low:
                low, last = low >> 1, last >> 1
        else:
            root = node(root, one)
        low, last = low >> 1, last >> 1
    require(last == 0, "the proof is too short")
    return root


def check(folder: Path, vkey: str) -> str:
    about = json.loads((folder / "bundle.json").read_text())
    note = (folder / "checkpoint").read_bytes().decode()
    size, root = checkpoint_of(note, vkey)
    previous = None
    for number in range(1, about["records"] + 1):
        name = f"records/{number:04d}"
        require((folder / f"{name}.rec").exists(), f"record {number} of the case is missing")
        raw = (folder / f"{name}.rec").read_bytes()
        rec = json.loads(raw)
        proof, _, proven = (folder / f"{name}.tlog-proof").read_bytes().decode().partition("\n\n")
        lines = proof.split("\n")
        require(proven == note, f"{name}: its proof is against another checkpoint")
        require(lines[0] == "c2sp.org/tlog-proof@v1" and lines[1] == f"index {rec['index']}", f"{name}: its proof is for another record")
        path = [base64.b64decode(line, validate=True) for line in lines[2:]]
        leaf = hashlib.sha256(b"\x00" + raw).digest()
        require(root_from(rec["index"], size, leaf, path) == root, f"{name}: the record is not the one in the trail")
        require(rec["case"] == about["case"], f"{name}: the record is of another case")
        require(rec["number"] == number and rec["previous"] == previous, f"{name}: a record of the case before it is left out")
        previous = rec["index"]
        fact = folder / f"{name}.fact.json"
        if fact.exists():
            salt = bytes.fromhex((folder / f"{name}.salt").read_text())
            require(hashlib.sha256(salt + fact.read_bytes()).hexdigest() == rec["digest"], f"{name}: the fact was altered")
        else:
            print(f"note: the fact of record {number} is not in the bundle (erased, or lost by the broker)")  # noqa: T201
    return f"All {about['records']} records of case {about['case']} hold, up to checkpoint {size}."


if __name__ == "__main__":
    try:
        print(check(Path(__file__).parent, sys.argv[1]))  # noqa: T201
    except IndexError:
        sys.exit(__doc__)
    except (BrokenError, OSError, ValueError, KeyError) as error:
        print(f"BROKEN: {error}")  # noqa: T201
        sys.exit(1)
