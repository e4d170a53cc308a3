"""The witness as any log of the world may speak to it, by tlog-witness and tlog-cosignature alone."""

import asyncio
import time
from collections.abc import Sequence

import httpx2

from tests.conformance.made_log import MadeLog, checkpoint_text, secret, signature_line, vkey
from tests.conformance.verifier.note import ED25519, Key
from tests.conformance.verifier.witness import Witness, cosignature, known_size, request


async def add(witness: Witness, old: int, path: Sequence[bytes], checkpoint: bytes) -> httpx2.Response:
    return await witness.http.post("add-checkpoint", content=request(old, path, checkpoint))


async def test_it_cosigns_what_grew_from_what_it_cosigned_before(witness: Witness, log: MadeLog) -> None:
    size = 0
    for larger in (1, 2, 7, 8, 8, 64, 300):
        checkpoint = log.checkpoint(larger)
        answer = await add(witness, size, log.path(size, larger), checkpoint)
        assert abs(cosignature(answer, checkpoint, witness.key) - time.time()) < 5, larger
        size = larger


async def test_extension_lines_are_cosigned_and_foreign_signatures_passed_over(
    witness: Witness, log: MadeLog
) -> None:
    foreign = Key.read(vkey(log.origin, ED25519, secret(77)))
    checkpoint = (
        log.checkpoint(5, "an extension", "another")
        + signature_line(foreign, bytes(64))
        + signature_line(foreign, b"post-quantum" * 200)
    )
    assert cosignature(await add(witness, 0, [], checkpoint), checkpoint, witness.key)


async def test_a_log_that_does_not_know_is_told_the_size(witness: Witness, log: MadeLog) -> None:
    assert (await add(witness, 0, [], log.checkpoint(10))).status_code == 200
    for old in (0, 3, 9, 11):
        checkpoint = log.checkpoint(20)
        assert known_size(await add(witness, old, log.path(old, 20), checkpoint)) == 10, old


async def test_it_does_not_promise_two_things(witness: Witness, log: MadeLog) -> None:
    assert (await add(witness, 0, [], log.checkpoint(10))).status_code == 200
    true, log.leaves = log.leaves, [*log.leaves[:4], bytes(32), *log.leaves[5:]]
    # Another root of the same size; a larger tree without the promised one; the promised one's proof for
    # another tree.
    assert (await add(witness, 10, [], log.checkpoint(10))).status_code == 409
    assert (await add(witness, 10, log.path(10, 20), log.checkpoint(20))).status_code == 422
    log.leaves, forged = true, log.root(20)
    assert (await add(witness, 10, log.path(10, 20), log.checkpoint(20, root=bytes(32)))).status_code == 422
    for path in ([], log.path(10, 20)[:-1], [*log.path(10, 20), forged], [bytes(32)] * 63):
        assert (await add(witness, 10, path, log.checkpoint(20))).status_code == 422, len(path)
    # Smaller than promised, and nothing of all this was remembered.
    assert known_size(await add(witness, 5, log.path(5, 8), log.checkpoint(8))) == 10
    assert (await add(witness, 10, log.path(10, 20), log.checkpoint(20))).status_code == 200


async def test_a_proof_is_empty_where_there_is_nothing_to_prove(witness: Witness, log: MadeLog) -> None:
    assert (await add(witness, 0, [bytes(32)], log.checkpoint(10))).status_code == 422
    assert (await add(witness, 0, [], log.checkpoint(10))).status_code == 200
    assert (await add(witness, 10, [bytes(32)], log.checkpoint(10))).status_code == 422


async def test_whom_it_does_not_know_it_does_not_serve(witness: Witness, log: MadeLog) -> None:
    stranger = MadeLog("stranger.example/log", 20, seed=9)
    assert (await add(witness, 0, [], stranger.checkpoint(10))).status_code == 404
    # The known name with another key; the known key's name and id over another text.
    namesake = MadeLog(log.origin, 20, seed=9)
    assert (await add(witness, 0, [], namesake.checkpoint(10))).status_code == 403
    text, other = checkpoint_text(log.origin, 10, log.root(10)), checkpoint_text(log.origin, 11, log.root(11))
    assert (
        await add(witness, 0, [], text + b"\n" + signature_line(log.key, log.secret.sign(other)))
    ).status_code == 403


async def test_malformed_requests_are_refused_as_such(witness: Witness, log: MadeLog) -> None:
    good, checkpoint = request(0, [], log.checkpoint(10)), log.checkpoint(10)
    bad = [
        b"",
        b"\n\n",
        checkpoint,
        good.replace(b"old 0", b"old 00"),
        good.replace(b"old 0", b"old -1"),
        good.replace(b"old 0", b"old  0"),
        good.replace(b"old 0", b"old 0x0"),
        good.replace(b"old 0\n", b"old 0\r\n"),
        good.replace(b"old 0\n", b"old 0\nAAAA\n"),
        good.replace(b"old 0\n", b"old 0\n*\n"),
        good.replace(b"old 0\n\n", b"old 0\n"),
        good[:-1],
        request(0, [bytes(32)] * 64, checkpoint),
        request(11, [], checkpoint),
        b"\xff" + good,
        good + b"\xff",
    ]
    for body in bad:
        answer = await witness.http.post("add-checkpoint", content=body)
        assert answer.status_code == 400, (body, answer.status_code)
    # Not how a size is written; nor does the signature hold any more, and either may be said first.
    assert (
        await witness.http.post("add-checkpoint", content=good.replace(b"\n10\n", b"\n010\n"))
    ).status_code in (400, 403)
    assert (await witness.http.get("add-checkpoint")).status_code == 405
    assert (await witness.http.post("add-checkpoints", content=good)).status_code == 404
    assert (await witness.http.post("add-checkpoint", content=good)).status_code == 200


async def test_of_two_at_once_one_is_told_the_others_size(witness: Witness, log: MadeLog) -> None:
    """Else the later answer could put the witness back behind what it promised."""
    assert (await add(witness, 0, [], log.checkpoint(10))).status_code == 200
    sizes = range(11, 19)
    answers = await asyncio.gather(
        *(add(witness, 10, log.path(10, size), log.checkpoint(size)) for size in sizes)
    )
    (won,) = [size for size, answer in zip(sizes, answers, strict=True) if answer.status_code == 200]
    assert {known_size(answer) for answer in answers if answer.status_code != 200} == {won}
