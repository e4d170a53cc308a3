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


def rule(last_head: CosignedHead, submission: AddCheckpoint) -> Ruling:
    """Of a request whose origin is known and whose signature was checked."""
    head = submission.head
    contradiction = bool(last_head.note) and head.size == last_head.size and head.root.hex() != last_head.root
    if submission.old > head.size:
        return Ruling(
            HTTPStatus.BAD_REQUEST,
            f"old size {submission.old} is more than the checkpoint's {head.size}",
            contradiction,
        )
    if submission.old != last_head.size or contradiction:
        return Ruling(
            HTTPStatus.CONFLICT, f"the last checkpoint cosigned here is of {last_head.size}", contradiction
        )
    try:
        merkle.verify_consistency(
            submission.old, head.size, bytes.fromhex(last_head.root), head.root, submission.hashes
        )
    except ProofError as error:
        return Ruling(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
    return Ruling(HTTPStatus.OK)
