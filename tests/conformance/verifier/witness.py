"""c2sp.org/tlog-witness: what a log sends to a witness, how a witness reads it, and how the log reads the
answer.

A cosignature counts for the exact text of the checkpoint it was asked for, and states the second at which it
was made.
"""

import base64
import re
from collections.abc import Sequence
from typing import NamedTuple

import httpx2

from tests.conformance.verifier.note import Key, signature_lines, split
from tests.conformance.verifier.strict import Refused, base64_bytes, decimal, utf8


def request(old: int, path: Sequence[bytes], checkpoint: bytes) -> bytes:
    """The body of `add-checkpoint`."""
    proof = [base64.b64encode(step).decode() for step in path]
    return "\n".join([f"old {old}", *proof, "", ""]).encode() + checkpoint


class Witness(NamedTuple):
    http: httpx2.AsyncClient
    """At its submission prefix."""
    key: Key


class Request(NamedTuple):
    old: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    """The signed note as it stands."""


def read_request(body: bytes) -> Request:
    """The parts of a body of `add-checkpoint`, nothing of them verified."""
    above, blank, checkpoint = body.partition(b"\n\n")
    if not blank:
        raise Refused("no empty line stands before the checkpoint")
    old, *lines = utf8(above, "the request").split("\n")
    if not old.startswith("old "):
        raise Refused("the first line is not the old size")
    if len(lines) > 63:
        raise Refused(f"{len(lines)} consistency proof lines")
    path = tuple(base64_bytes(line, "a consistency proof line", 32) for line in lines)
    return Request(decimal(old[4:], "the old size"), path, checkpoint)


def cosignature(answer: httpx2.Response, checkpoint: bytes, witness: Key) -> int:
    """The time at which the witness cosigned this checkpoint, from its 200 answer; other keys' lines are
    passed over.
    """
    if answer.status_code != 200:
        raise Refused(f"the witness answered {answer.status_code}: {answer.text[:200]}")
    text, _ = split(checkpoint)
    stamps = [
        witness.signed(text, line.signature)
        for line in signature_lines(utf8(answer.content, "the witness's answer"))
        if (line.name, line.id) == (witness.name, witness.id)
    ]
    if not stamps or stamps[0] is None:
        raise Refused("the witness's answer holds no cosignature of it")
    return stamps[0]


def known_size(answer: httpx2.Response) -> int:
    """The size a witness last cosigned, from its 409 answer."""
    if answer.status_code != 409 or answer.headers.get("content-type") != "text/x.tlog.size":
        raise Refused(f"not an answer with a size: {answer.status_code} {answer.headers.get('content-type')}")
    if not re.fullmatch(r"[0-9]+\n", answer.text):
        raise Refused(f"the body is not a size and a newline: {answer.text[:40]!r}")
    return decimal(answer.text[:-1], "the witness's size")
