"""What a witness promises, whoever asks it in whatever order, and what it holds against a log it follows."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from fenghuo.bootstrap import note_key
from fenghuo.commands.witness import app
from fenghuo.witness.evidence import Misdeed
from fenghuo.witness.folder import Folder, FolderError, Log
from fenghuo.witness.following import LogFollower
from fenghuo.witness.reading import LogReader, UnreadableError
from fenghuo.witness.witnessing import Witnessing
from services.audit.store.calls import TakenError
from services.audit.store.checkpoints import Checkpoints
from services.audit.store.cosignatures import Cosignature, CosignatureStore, Cosigned
from services.audit.writing.witnesses import read_witnesses
from shared.tlog import cosignature, layout, merkle, note
from shared.tlog import proof as tlog_proof
from shared.tlog.checkpoint import Checkpoint
from shared.tlog.cosignature import Witness
from shared.tlog.layout import ENTRIES
from shared.tlog.merkle import leaf_hash
from shared.tlog.note import NoteError, Signer
from shared.tlog.proof import TlogProofError
from tests.lab import until

SKEY, VKEY = note_key("fenghuo.trail")
SIGNER = Signer.read(SKEY)
AT = 1_790_000_000
TRUE = [leaf_hash(b"%d" % index) for index in range(600)]
FORGED = [*TRUE[:3], leaf_hash(b"forged"), *TRUE[4:]]


def root_of(leaves: Sequence[bytes]) -> bytes:
    edge = merkle.Edge()
    for leaf in leaves:
        edge.append(leaf)
    return edge.root()


def proof_of(leaves: Sequence[bytes], first: int, second: int) -> list[bytes]:
    if first in (0, second):
        return []
    return [root_of(leaves[start:end]) for start, end in merkle.consistency_ranges(first, second)]


def signed(leaves: Sequence[bytes], size: int, at: int = AT, signer: Signer = SIGNER) -> str:
    return (
        Checkpoint(signer.name, size, root_of(leaves[:size]), datetime.fromtimestamp(at, UTC))
        .sign(signer)
        .write()
    )


Serve = Callable[[httpx2.Request], httpx2.Response]


class Given:
    """A witness in a folder, a clock that can be moved, and what it was told to tell."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.folder, self.now = Folder(folder), AT
        self.vkey, _ = self.folder.init(
            "discipline.example/w1", VKEY, url, listen="127.0.0.1:1", webhook="", now=AT
        )
        self.told: list[Misdeed] = []
        self.witnessing = self.begin()

    def begin(self) -> Witnessing:
        """As after a restart."""

        def tell(_: Log, kind: Misdeed, __: Path) -> None:
            self.told.append(kind)

        self.log = self.folder.config().logs["fenghuo.trail"]
        return Witnessing(
            self.folder.cosigner(), self.folder, self.folder.config().logs, lambda: self.now, tell
        )

    def add(self, old: int, hashes: Sequence[bytes], written: str) -> tuple[int, str]:
        answer = self.witnessing.add_checkpoint(cosignature.add_checkpoint(old, hashes, written))
        return int(answer.status), answer.body


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.integers(0, 9), st.booleans()), max_size=25))
def test_all_it_ever_promised_is_one_growing_tree(asked: list[tuple[bool, int, int, bool]]) -> None:
    """Whatever is asked in whatever order, with restarts in between."""
    with TemporaryDirectory() as folder:
        given_ = Given(Path(folder))
        promised: list[tuple[int, bytes]] = [(0, merkle.EMPTY_ROOT)]
        for is_forged, old, size, restarts in asked:
            leaves = FORGED if is_forged else TRUE
            if restarts:
                given_.witnessing = given_.begin()
            proof = proof_of(leaves, old, size) if old <= size else []
            status, _ = given_.add(old, proof, signed(leaves, size))
            if status == 200:
                before, root = promised[-1]
                assert before <= size
                assert root_of(leaves[:before]) == root
                promised.append((size, root_of(leaves[:size])))


class Served:
    """A log as its witness sees it over HTTP: leaves, and the checkpoint it shows."""

    def __init__(self, leaves: Sequence[bytes], written: str) -> None:
        self.leaves, self.written = leaves, written

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path.lstrip("/")
        if path == "checkpoint":
            return httpx2.Response(200, content=self.written.encode())
        tile = layout.parse_path(path)
        assert tile.level != ENTRIES
        span = 256**tile.level
        start = tile.number * 256
        hashes = [
            root_of(self.leaves[at * span : (at + 1) * span]) for at in range(start, start + tile.width)
        ]
        return httpx2.Response(200, content=layout.tile_bytes(hashes))


def look(given_: Given, served: Serve) -> str:
    """What stands in its way, empty where nothing does."""

    async def quiet(_: Log, __: int) -> None: ...

    async def once() -> str:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(served)) as client:
            follower = LogFollower(given_.witnessing, given_.log, LogReader(client, "http://log"), 300, quiet)
            try:
                await follower.look()
            except UnreadableError as error:
                return str(error)
            return ""

    return asyncio.run(once())


def test_it_follows_a_log_from_its_tiles_and_cosigns_each_sign_of_life(tmp_path: Path) -> None:
    given_ = Given(tmp_path)
    for size, at in ((3, 0), (257, 1), (257, 60), (600, 61)):
        given_.now = AT + at
        assert look(given_, Served(TRUE, signed(TRUE, size, AT + at))) == ""
        seen = given_.witnessing.last_head(given_.log)
        assert (seen.size, seen.time) == (size, AT + at)
    cosigned = given_.witnessing.cosigned(given_.log)
    assert cosigned is not None
    assert cosignature.cosigned(note.parse(cosigned.encode()), [Witness.read(given_.vkey)]) == {
        Witness.read(given_.vkey).id: AT + 61
    }


def unavailable(_: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(502)


OTHER = Signer.read(note_key("fenghuo.trail")[0])
DEEDS: list[tuple[Serve, list[Misdeed]]] = [
    (Served(FORGED, signed(FORGED, 600, AT + 9)), [Misdeed.FORK]),
    (Served(FORGED, signed(FORGED, 300, AT + 9)), [Misdeed.SPLIT_VIEW]),
    (Served(TRUE, signed(TRUE, 200, AT + 9)), [Misdeed.ROLLBACK]),
    (Served(TRUE, signed(TRUE, 600, AT + 9, OTHER)), [Misdeed.BAD_SIGNATURE]),
    # Not held against it: an older copy from a cache; tiles that do not fit its checkpoint, as of a copy that
    # lags; nonsense.
    (Served(TRUE, signed(TRUE, 200, AT - 9)), []),
    (Served(FORGED, signed(TRUE, 600, AT + 9)), []),
    (Served(TRUE, "<html>Bad gateway</html>"), []),
    (unavailable, []),
]


@pytest.mark.parametrize(("served", "kinds"), DEEDS)
def test_what_a_log_signed_is_held_against_it_and_nothing_else(
    tmp_path: Path, served: Serve, kinds: list[Misdeed]
) -> None:
    given_ = Given(tmp_path)
    assert look(given_, Served(TRUE, signed(TRUE, 300))) == ""
    for _ in range(2):
        look(given_, served)
    assert given_.told == kinds, "once, however often it is seen"
    assert given_.witnessing.last_head(given_.log).size == 300
    for file in given_.witnessing.evidence.files():
        text = file.read_text()
        assert "what to do" in text
        assert signed(TRUE, 300) in text, "what it had signed, word for word"
    assert look(given_, Served(TRUE, signed(TRUE, 600, AT + 20))) == "", "the tree it knew may grow on"


def test_a_witness_whose_memory_is_lost_or_damaged_does_not_begin(tmp_path: Path) -> None:
    given_ = Given(tmp_path)
    assert given_.add(0, [], signed(TRUE, 5))[0] == 200
    (state,) = (tmp_path / "logs").glob("*.json")
    whole = state.read_text()
    for damaged in ("", "{}", whole.replace("fenghuo", "another"), whole[:-3]):
        state.write_text(damaged)
        with pytest.raises(FolderError, match="copy"):
            given_.begin()
    state.unlink()
    with pytest.raises(FolderError, match="must not be used again"):
        given_.begin()


def test_its_times_do_not_run_backwards(tmp_path: Path) -> None:
    given_ = Given(tmp_path)
    key = Witness.read(given_.vkey)
    times: list[int] = []
    for size, now in ((1, AT), (2, AT - 5000), (3, AT + 5)):
        given_.now = now
        written = signed(TRUE, size)
        status, line = given_.add(max(size - 1, 0), proof_of(TRUE, size - 1, size), written)
        assert status == 200
        times += cosignature.cosigned(note.parse((written + line).encode()), [key]).values()
    assert times == [AT, AT, AT + 5]


@given(st.data())
def test_no_bit_of_a_cosignature_can_be_changed_and_none_passes_for_a_logs(data: st.DataObject) -> None:
    skey, vkey = cosignature.make_key("w.example/1")
    text = signed(TRUE, 3).partition("\n\n")[0] + "\n"
    line = cosignature.Cosigner.read(skey).cosign(text, AT)
    witness = Witness.read(vkey)
    assert witness.time_of(line, text) == AT
    value = bytearray(line.value)
    value[data.draw(st.integers(0, len(value) - 1))] ^= data.draw(st.integers(1, 255))
    for wrong, of in (
        (bytes(value), text),
        (line.value, text.replace("3", "4", 1)),
        (line.value[:-1], text),
        (b"", text),
    ):
        with pytest.raises(NoteError):
            witness.time_of(note.NoteSignature(line.name, line.hash, wrong), of)
    with pytest.raises(NoteError, match="type 1"):
        Witness.read(VKEY)


@given(st.integers(0, 400), st.integers(1, 255))
def test_a_proof_file_with_any_byte_changed_leads_nowhere_or_says_the_same(at: int, flip: int) -> None:
    held = tlog_proof.TlogProof(2, tuple(proof_of_inclusion(2, 5)), signed(TRUE, 5), b"2")
    raw = bytearray(held.write().encode())
    assert tlog_proof.parse(bytes(raw)) == held
    above = raw.index(b"\n\n")
    raw[at % above] ^= flip
    try:
        other = tlog_proof.parse(bytes(raw))
    except TlogProofError:
        return
    with pytest.raises(merkle.ProofError):
        merkle.verify_inclusion(
            other.index, 5, leaf_hash(other.extra or b""), other.hashes, root_of(TRUE[:5])
        )


def proof_of_inclusion(index: int, size: int) -> list[bytes]:
    return [root_of(TRUE[start:end]) for start, end in merkle.inclusion_ranges(index, size)]


def test_witnesses_are_named_by_lines_or_a_file(tmp_path: Path) -> None:
    _, vkey = cosignature.make_key("w.example/1")
    (one,) = read_witnesses(f"# ours\nhttps://w.example/ {vkey}\n")
    assert (one.url, one.key.name) == ("https://w.example", "w.example/1")
    (tmp_path / "witnesses").write_text(f"https://w.example {vkey}\nhttp://other {vkey} # twice\n")
    assert len(read_witnesses(str(tmp_path / "witnesses"))) == 2
    assert read_witnesses("") == ()
    for wrong in (f"w.example {vkey}", f"https://w.example {VKEY}", "https://w.example a b"):
        with pytest.raises(NoteError):
            read_witnesses(wrong)


class KeptInMemory(CosignatureStore):
    def __init__(self) -> None:
        self.held: dict[int, Cosignature] = {}

    async def count(self, at_least: int) -> int:
        await asyncio.sleep(0)
        return len(self.held)

    async def read(self, start: int, end: int) -> list[Cosignature]:
        await asyncio.sleep(0)
        return [self.held[number] for number in range(start, end)]

    async def insert(self, number: int, cosignature: Cosignature) -> None:
        await asyncio.sleep(0)
        if number in self.held:
            raise TakenError
        self.held[number] = cosignature
        await asyncio.sleep(0)


class NoCheckpoints(Checkpoints):
    def __init__(self) -> None: ...


async def test_cosignatures_of_many_witnesses_are_numbered_without_a_gap_and_a_quorum_of_one_checkpoint_seals() -> (
    None
):
    store, none = KeptInMemory(), NoCheckpoints()
    mine, other = (Cosigned(store, none, quorum=2, is_writer=is_writer) for is_writer in (True, False))
    for number in range(3):
        given_ = [
            Cosignature(number, number * 10, f"w{witness}", AT, f"line {number} {witness}\n")
            for witness in range(3 - number)
        ]
        await asyncio.gather(*(book.add(one) for book, one in zip((mine, mine, other), given_, strict=False)))
    assert sorted(store.held) == list(range(6))
    book = Cosigned(store, none, quorum=2)
    assert [await book.lines(2), len(await book.lines(0))] == [["line 2 0\n"], 3]
    for quorum, size in ((1, 20), (2, 10), (3, 0)):
        seal = await book.sealed(quorum)
        assert seal is not None
        assert seal.size == size
    assert await book.sealed(4) is None


def test_the_program_loads_neither_broker_nor_store(tmp_path: Path) -> None:
    import subprocess
    import sys

    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, fenghuo.commands.witness, fenghuo.witness.program\n"
            "print([name for name in ('nats', 'motor', 'pymongo', 'faststream', 'services.audit.store.trail') if name in sys.modules])",
        ],
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout.strip() == "[]"


def test_status_is_fit_for_cron(tmp_path: Path) -> None:
    given_ = Given(tmp_path)

    def status() -> int:
        return CliRunner().invoke(app, ["status", "--folder", str(tmp_path), "--json"]).exit_code

    assert status() == 3, "nothing new for long"
    given_.now = int(datetime.now(UTC).timestamp())
    assert given_.add(0, [], signed(TRUE, 5))[0] == 200
    assert status() == 0
    assert given_.add(5, [], signed(FORGED, 5))[0] == 409
    assert status() == 1
    (file,) = given_.witnessing.evidence.files()
    (tmp_path / "evidence" / "settled").mkdir()
    file.rename(tmp_path / "evidence" / "settled" / file.name)
    assert given_.add(5, [], signed(FORGED, 5))[0] == 409
    assert status() == 0, "what a person has settled is not found anew"


async def test_silence_is_told_once_and_its_end_is_noticed(tmp_path: Path) -> None:
    given_ = Given(tmp_path, "http://log")
    served, told = Served(TRUE, signed(TRUE, 5)), list[int]()

    async def quiet(_: Log, seconds: int) -> None:
        told.append(seconds)

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(served)) as client:
        follower = LogFollower(given_.witnessing, given_.log, LogReader(client, "http://log"), 300, quiet)
        task = asyncio.create_task(follower.run(0.01))
        await until(lambda: given_.witnessing.last_head(given_.log).size == 5)
        given_.now += 400
        await until(lambda: follower.is_quiet)
        served.written = signed(TRUE, 5, AT + 400)
        await until(lambda: not follower.is_quiet)
        task.cancel()
    assert told == [400]
