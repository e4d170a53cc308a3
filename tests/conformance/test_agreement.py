"""The log's own readers and the stranger's agree on what they accept and on what it says; what either
refuses, it refuses in its own words.

A reader that ends in another error than its own fails here too: the error passes through.
"""

import base64
import os
from collections.abc import Callable, Sequence
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit.evidence.bundle import verify as own_bundle
from shared.tlog import checkpoint as own_checkpoint
from shared.tlog import cosignature as own_cosign
from shared.tlog import layout, merkle
from shared.tlog import note as own_note
from shared.tlog import proof as own_proof
from tests.conformance.made_log import MadeLog, checkpoint_text, secret, signature_line, vkey
from tests.conformance.mutations import mutated
from tests.conformance.verifier.checkpoint import Checkpoint, open_checkpoint
from tests.conformance.verifier.note import COSIGNATURE, ED25519, Key, open_note
from tests.conformance.verifier.proof import Proof, read_proof
from tests.conformance.verifier.strict import Refused
from tests.conformance.verifier.tiles import ENTRIES, Tile, Tree, read_bundle, read_tile, tiles
from tests.conformance.verifier.tree import (
    consistency_path,
    inclusion_path,
    leaf_hash,
    tree_hash,
    verify_consistency,
    verify_inclusion,
)

T = TypeVar("T")
EXAMPLES = settings(max_examples=int(os.environ.get("FENGHUO_EXAMPLES", "150")), deadline=None)
ORIGIN, WITNESS = "log.example/trail", "witness.example/w1"
LOG, OTHER = MadeLog(ORIGIN, 1, seed=1), secret(2)
LOG_KEY, WITNESS_KEY = LOG.vkey, vkey(WITNESS, COSIGNATURE, OTHER)
STAMP = 1_790_000_000


def signed(text: bytes) -> bytes:
    """A note as the log signs it, once more with the time, and then a witness."""
    clock = vkey(ORIGIN, COSIGNATURE, LOG.secret)
    return LOG.sign(text) + _stamped(clock, LOG.secret, text) + _stamped(WITNESS_KEY, OTHER, text)


def _stamped(key: str, by: Ed25519PrivateKey, text: bytes) -> bytes:
    signature = by.sign(f"cosignature/v1\ntime {STAMP}\n".encode() + text)
    return signature_line(Key.read(key), STAMP.to_bytes(8) + signature)


ROOT = base64.b64encode(LOG.root(1)).decode()
BODY = checkpoint_text(ORIGIN, 70000, LOG.root(1))
DATED = checkpoint_text(ORIGIN, 70000, LOG.root(1), "time 2026-11-01T00:00:00Z")
"""As the log's earlier ones, with a line more."""
HASHES = [bytes([n]) * 32 for n in range(5)]
PROOF = f"c2sp.org/tlog-proof@v1\nextra AAEC\nindex 4095\n{ROOT}\n{ROOT}\n\n".encode() + signed(BODY)


def outcome(read: Callable[[], T], refusal: type[Exception] | tuple[type[Exception], ...]) -> T | None:
    """What a reader says, None where it refuses in its own way."""
    try:
        return read()
    except refusal:
        return None


@EXAMPLES
@given(st.sampled_from([LOG_KEY, WITNESS_KEY]).flatmap(lambda key: mutated(key.encode(), most=2)))
def test_verifier_keys(raw: bytes) -> None:
    text = raw.decode(errors="replace").strip()
    key = outcome(lambda: Key.read(text), Refused)
    own = outcome(lambda: own_note.Verifier.read(text), own_note.NoteError)
    own_witness = outcome(lambda: own_cosign.Witness.read(text), own_note.NoteError)
    read = own or own_witness
    assert bool(own) == bool(key and key.type == ED25519)
    assert bool(own_witness) == bool(key and key.type == COSIGNATURE)
    if key and read:
        assert (read.name, read.hash, read.key.public_bytes_raw()) == (key.name, key.id, key.public)


def own_reading(raw: bytes) -> tuple[Checkpoint, dict[str, int]]:
    note, log = own_note.parse(raw), own_note.Verifier.read(LOG_KEY)
    if not log.signed(note):
        raise own_note.NoteError("unsigned")
    head = own_checkpoint.head_of(note.text)
    if head.origin != log.name:
        raise own_note.NoteError("another log")
    times = own_cosign.cosigned(note, [own_cosign.Witness.read(WITNESS_KEY)])
    return Checkpoint(head.origin, head.size, head.root), {
        name.partition("+")[0]: time for name, time in times.items()
    }


def agree_on_checkpoint(raw: bytes) -> None:
    sealed = outcome(
        lambda: open_checkpoint(raw, ORIGIN, [Key.read(LOG_KEY)], [Key.read(WITNESS_KEY)]), Refused
    )
    own = outcome(lambda: own_reading(raw), (own_note.NoteError, own_checkpoint.CheckpointError))
    assert own == (sealed and (sealed.checkpoint._replace(extensions=()), sealed.cosigned))
    # Of its own checkpoints the log asks for more (the time): what it takes, a stranger takes who knows no
    # witness.
    stricter = outcome(
        lambda: own_checkpoint.read(raw, own_note.Verifier.read(LOG_KEY)), own_checkpoint.CheckpointError
    )
    unwitnessed = outcome(lambda: open_checkpoint(raw, ORIGIN, [Key.read(LOG_KEY)]), Refused)
    assert stricter is None or (
        unwitnessed and unwitnessed.checkpoint[:3] == (stricter.origin, stricter.size, stricter.root)
    )


@EXAMPLES
@given(st.sampled_from([BODY, DATED]).flatmap(lambda body: mutated(signed(body))))
def test_checkpoints_altered_after_signing(raw: bytes) -> None:
    agree_on_checkpoint(raw)


@EXAMPLES
@given(st.sampled_from([BODY, DATED]).flatmap(mutated))
def test_checkpoints_a_log_should_not_have_signed(body: bytes) -> None:
    agree_on_checkpoint(signed(body))


@EXAMPLES
@given(mutated(signed(BODY)))
def test_notes_in_a_bundle(raw: bytes) -> None:
    """The program in an evidence bundle, which has a reader of its own to stand alone."""

    def read() -> tuple[str, int | None]:
        note = own_bundle.read_note(raw, "checkpoint")
        own_bundle.require_signed(note, own_bundle.read_key(LOG_KEY, ED25519), "checkpoint")
        return note.text, own_bundle.cosigned_at(note, own_bundle.read_key(WITNESS_KEY, COSIGNATURE))

    log, witness = Key.read(LOG_KEY), Key.read(WITNESS_KEY)
    alone = outcome(lambda: open_note(raw, [log]), Refused)
    both = outcome(lambda: open_note(raw, [log, witness]), Refused)
    own = outcome(read, own_bundle.BrokenError)
    assert (own and own[0]) == (alone and alone.text)
    if own and both:
        assert own[1] == both.by.get(witness)
    # A false cosignature makes a stranger refuse the note; the bundle's program says that the witness did not
    # cosign.
    elif own:
        assert own[1] in (None, STAMP)


@EXAMPLES
@given(mutated(PROOF))
def test_proof_files(raw: bytes) -> None:
    proof = outcome(lambda: read_proof(raw), Refused)
    own = outcome(lambda: own_proof.parse(raw), own_proof.TlogProofError)
    if own is None and proof and not _is_text(proof.checkpoint):
        return  # The stranger looks at the note later.
    assert (own and Proof(own.index, own.hashes, own.note.encode(), own.extra)) == proof
    assert own is None or own.write().encode() == raw


def _is_text(raw: bytes) -> bool:
    return raw.decode(errors="ignore").encode() == raw


@EXAMPLES
@given(
    st.lists(st.binary(max_size=5), max_size=4).flatmap(
        lambda entries: mutated(layout.bundle_bytes(entries))
    ),
    st.integers(0, 4),
)
def test_entry_bundles_and_tiles(raw: bytes, width: int) -> None:
    assert outcome(lambda: layout.bundle_records(raw, width), layout.LayoutError) == outcome(
        lambda: read_bundle(raw, width), Refused
    )
    wide = raw * 8
    assert outcome(lambda: layout.tile_hashes(wide, width), layout.LayoutError) == outcome(
        lambda: read_tile(wide, width), Refused
    )


@EXAMPLES
@given(
    st.sampled_from([0, 7, 63, ENTRIES]),
    st.one_of(st.integers(0, 1001), st.integers(0, 2**60)),
    st.integers(1, 256),
    st.data(),
)
def test_tile_paths(level: int | str, number: int, width: int, data: st.DataObject) -> None:
    tile = Tile(level, number, width)
    assert layout.parse_path(tile.path) == (-1 if level == ENTRIES else level, number, width)
    path = data.draw(mutated(tile.path.encode())).decode(errors="replace")
    own = outcome(lambda: layout.parse_path(path), layout.LayoutError)
    if own is not None:
        assert Tile(ENTRIES if own.level == -1 else own.level, own.number, own.width).path == path


@st.composite
def altered(draw: st.DrawFn, path: Sequence[bytes]) -> list[bytes]:
    steps = list(path)
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(steps)))
        match draw(st.sampled_from(["drop", "add", "swap", "change", "cut"])):
            case "add":
                steps.insert(at, draw(st.sampled_from([*steps, *HASHES, b"", bytes(31), bytes(33)])))
            case "drop":
                del steps[at : at + 1]
            case "swap" if steps:
                steps[at % len(steps)], steps[0] = steps[0], steps[at % len(steps)]
            case "change" if steps:
                steps[at % len(steps)] = draw(st.sampled_from([*steps, *HASHES]))
            case _:
                del steps[at:]
    return steps


LEAVES = [leaf_hash(bytes([n])) for n in range(70)]


def subtree(start: int, end: int) -> bytes:
    return tree_hash(LEAVES[start:end])


def holds(verify: Callable[[], None], refusal: type[Exception]) -> bool:
    return outcome(lambda: verify() or True, refusal) is True


@EXAMPLES
@given(
    st.integers(1, 70).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))),
    st.integers(-1, 1),
    st.data(),
)
def test_inclusion_proofs(place: tuple[int, int], off: int, data: st.DataObject) -> None:
    index, size = place
    path = data.draw(altered(inclusion_path(index, size, subtree)))
    claim = (index + off, size, LEAVES[index], path, subtree(0, size))
    own = holds(lambda: merkle.verify_inclusion(*claim), merkle.ProofError)
    assert own == holds(lambda: verify_inclusion(*claim), Refused)
    assert own == (off == 0 and path == inclusion_path(index, size, subtree))


@EXAMPLES
@given(
    st.integers(1, 70).flatmap(lambda size: st.tuples(st.integers(0, size), st.just(size))),
    st.integers(-1, 1),
    st.data(),
)
def test_consistency_proofs(sizes: tuple[int, int], off: int, data: st.DataObject) -> None:
    old, size = sizes
    path = data.draw(altered(consistency_path(old, size, subtree)))
    claim = (old + off, size, subtree(0, old) if old else tree_hash([]), subtree(0, size), path)
    own = holds(lambda: merkle.verify_consistency(*claim), merkle.ProofError)
    assert own == holds(lambda: verify_consistency(*claim), Refused)
    assert not own or path == consistency_path(old + off, size, subtree)


def test_a_tree_of_seventy_thousand_over_three_levels_of_tiles() -> None:
    """The log's tiles, filled leaf by leaf, are those of the definition; and the stranger's proofs from them
    hold for the log.
    """
    leaves = [leaf_hash(n.to_bytes(4)) for n in range(70_000)]
    edge, held = merkle.Edge(), dict[tuple[int | str, int], list[bytes]]()
    for leaf in leaves:
        for full in edge.append(leaf):
            held[full.level, full.number] = list(full.hashes)
    for level, row in enumerate(edge.rows):
        if row:
            held[level, len(leaves) >> 8 * (level + 1)] = row
    assert {(tile.level, tile.number): tile.width for tile in tiles(len(leaves))} == {
        place: len(hashes) for place, hashes in held.items()
    }
    tree = Tree(len(leaves), lambda tile: b"".join(held[tile.level, tile.number]))
    assert edge.root() == tree.root() == tree_hash(leaves)
    for index in (0, 255, 65_535, 65_536, 69_887, 69_888, 69_999):
        merkle.verify_inclusion(
            index, 70_000, leaves[index], inclusion_path(index, 70_000, tree.subtree), edge.root()
        )
    for old in (1, 255, 256, 65_535, 65_536, 65_537, 69_999):
        path = consistency_path(old, 70_000, tree.subtree)
        merkle.verify_consistency(old, 70_000, tree_hash(leaves[:old]), edge.root(), path)
