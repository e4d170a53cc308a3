"""What the witness takes for a request is what the specification calls one (see test_agreement.py)."""

from hypothesis import given

from fenghuo.witness import request as own_request
from tests.conformance.mutations import mutated
from tests.conformance.test_agreement import BODY, EXAMPLES, ROOT, outcome, signed
from tests.conformance.verifier.checkpoint import Checkpoint, read_text
from tests.conformance.verifier.note import split
from tests.conformance.verifier.strict import Refused
from tests.conformance.verifier.witness import Request, read_request
from tests.conformance.verifier.witness import request as write_request


@EXAMPLES
@given(mutated(f"old 69999\n{ROOT}\n{ROOT}\n\n".encode() + signed(BODY)))
def test_requests_to_a_witness(raw: bytes) -> None:
    def read() -> tuple[Request, Checkpoint]:
        request = read_request(raw)
        return request, read_text(split(request.checkpoint)[0])

    asked, own = outcome(read, Refused), outcome(lambda: own_request.read(raw), own_request.MalformedError)
    assert bool(own) == bool(asked)
    if own and asked:
        request, checkpoint = asked
        assert (own.old, own.hashes, own.signed.write().encode()) == request
        assert (own.head.origin, own.head.size, own.head.root) == checkpoint[:3]
        assert own_request.write(own.old, own.hashes, own.signed.write()) == raw == write_request(*request)
