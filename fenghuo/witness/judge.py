"""Whether a checkpoint may be cosigned, given the last one that was. Pure: the order of the checks is that of
C2SP tlog-witness.

Invariant: whatever is cosigned contains all that was cosigned before. Two different roots of one size, both
signed by the log, are a contradiction whatever else the request says.
"""

from dataclasses import dataclass
from http import HTTPStatus

from fenghuo.witness.folder import CosignedHead
from fenghuo.witness.request import AddCheckpoint
from shared.tlog import merkle
from shared.tlog.merkle import ProofError

SIZE_TYPE = "text/x.tlog.size"


@dataclass(frozen=True)
class Ruling:
    """`status` 200: cosign. `contradiction`: the log has signed two things that can't both be."""

    status: HTTPStatus
    words: str = ""
    contradiction: bool = False

    @property
    def may_cosign(self) -> bool:
        return self.status is HTTPStatus.OK


def rule(seen: CosignedHead, asked: AddCheckpoint) -> Ruling:
    """Of a request whose origin is known and whose signature was checked."""
    head = asked.head
    contradiction = bool(seen.note) and head.size == seen.size and head.root.hex() != seen.root
    if asked.old > head.size:
        return Ruling(
            HTTPStatus.BAD_REQUEST,
            f"old size {asked.old} is more than the checkpoint's {head.size}",
            contradiction,
        )
    if asked.old != seen.size or contradiction:
        return Ruling(
            HTTPStatus.CONFLICT, f"the last checkpoint cosigned here is of {seen.size}", contradiction
        )
    try:
        merkle.verify_consistency(asked.old, head.size, bytes.fromhex(seen.root), head.root, asked.hashes)
    except ProofError as error:
        return Ruling(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
    return Ruling(HTTPStatus.OK)
