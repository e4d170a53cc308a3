"""A case's evidence convinces whoever has the trail's key and nothing else of ours, and what was done to it
is said in words.
"""

import ast
import base64
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import cryptography
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit.evidence.bundle import verify
from services.audit.evidence.bundle.make import Bundles
from services.audit.evidence.bundle.write import VERIFIER
from services.audit.records.payloads import Payload, without
from services.audit.records.stored import SignedCheckpoint
from shared.directory import load_directory
from shared.facts import Actor, Fact, rfc3339
from shared.facts.keeping import ErasedFields, Redacted
from shared.tlog.cosignature import Cosigner, make_key, with_lines
from shared.tlog.note import Signer
from shared.vocabulary import Kind, Role
from tests.audit.made import MadeTrail, signer, vkey_of
from tests.audit.story import a_story

ROOT = Path(__file__).resolve().parents[2]
CASE, FACTS = a_story()
PLACES = [index for index, (fact, _) in enumerate(FACTS) if fact.subject == CASE]
"""Where the case's records stand in the trail."""
RECORDS = len(PLACES)
TRAIL = MadeTrail(FACTS)
DIRECTORY = load_directory(ROOT / "config" / "directory.yaml")
Files = dict[str, bytes]


def bundles(trail: MadeTrail = TRAIL) -> Bundles:
    return Bundles(trail.reader, lambda: DIRECTORY, ZoneInfo("Asia/Shanghai"), trail.key.name, trail.key.sign)


@pytest.fixture(scope="module")
def whole() -> bytes:
    import asyncio

    return asyncio.run(bundles().make(CASE))


@pytest.fixture
def files(whole: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def verdict_on(files: Files, tmp_path: Path, key: Signer = TRAIL.key) -> verify.Verdict:
    path = tmp_path / "case.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return verify.check(path, vkey_of(key), [])


def fault_of(files: Files, tmp_path: Path, key: Signer = TRAIL.key) -> str:
    with pytest.raises(verify.BrokenError) as broken:
        verdict_on(files, tmp_path, key)
    en, zh = broken.value.words
    assert en.isascii()
    assert not zh.isascii()
    return en


def signed_anew(files: Files, key: Signer = TRAIL.key, **said: str) -> None:
    """As somebody would who has the key: files.sha256 and the statement over what is there now."""
    proofs = [name for name in files if name in verify.OWN_PROOFS or name.endswith(".tlog-proof")]
    listed = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n"
        for name, content in sorted(files.items())
        if name not in proofs
    )
    files["files.sha256"] = listed.encode()
    lines = files["statement"].decode().partition("\n\n")[0].split("\n")
    told = (
        dict(line.split(" ", 1) for line in lines[1:])
        | said
        | {"files": hashlib.sha256(listed.encode()).hexdigest()}
    )
    files["statement"] = (
        key.sign("\n".join([lines[0], *(f"{name} {value}" for name, value in told.items())]) + "\n")
        .write()
        .encode()
    )


def without_record(files: Files, number: int) -> None:
    for name in [name for name in files if name.startswith(f"records/{number:04d}.")]:
        del files[name]


def alone(*arguments: str, bundle: Path, tmp_path: Path) -> tuple[int, str, str]:
    """With a Python that has the standard library and `cryptography`, and nothing of ours or of anybody
    else's.
    """
    bare = tmp_path / "bare"
    if not bare.exists():
        bare.mkdir()
        site = Path(cryptography.__file__).parent.parent
        for name in (
            "cryptography",
            "cffi",
            "pycparser",
            *(path.name for path in site.glob("_cffi_backend*")),
        ):
            if (site / name).exists():
                (bare / name).symlink_to(site / name)
    start = "import sys, runpy; sys.path[:] = [p for p in sys.path if 'site-packages' not in p] + "
    start += f"[{str(bare)!r}]; sys.argv = sys.argv[1:]; "
    start += "runpy.run_path(sys.argv[0], run_name='__main__')"
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        start,
        str(VERIFIER),
        *arguments,
        vkey_of(TRAIL.key),
        str(bundle),
    ]
    done = subprocess.run(command, capture_output=True, check=False, cwd=tmp_path)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_the_bare_verifier_says_in_both_languages_what_is_proven_and_what_is_not(
    whole: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "case.zip"
    path.write_bytes(whole)
    code, words, errors = alone("--list", bundle=path, tmp_path=tmp_path)
    assert (code, errors) == (0, "")
    for said in (
        "已证明",
        "未证明",
        "Proven:",
        "Not proven:",
        f"All {RECORDS} records of case {CASE}",
        f"{RECORDS} of {RECORDS} messages",
        "no later record",
    ):
        assert said in words
    code, words, _ = alone("--quorum", "1", bundle=path, tmp_path=tmp_path)
    assert (code, "FEWER WITNESSES" in words) == (4, True)
    assert alone("--witness", make_key("another.example/witness")[1], bundle=path, tmp_path=tmp_path)[0] == 4
    path.write_bytes(whole[:5000])
    code, words, errors = alone("--language", "zh", bundle=path, tmp_path=tmp_path)
    assert (code, words.startswith("核验不通过"), errors) == (1, True, "")
    assert alone(bundle=tmp_path / "nowhere.zip", tmp_path=tmp_path)[0] == 2


def test_the_verifier_needs_nothing_but_the_standard_library_and_cryptography() -> None:
    ast.parse(VERIFIER.read_text(), feature_version=(3, 9))
    imported = {
        line.split()[1].split(".")[0]
        for line in VERIFIER.read_text().splitlines()
        if line.startswith(("import ", "from "))
    }
    assert imported - {"cryptography", "__future__"} <= set(sys.stdlib_module_names)


def test_an_unpacked_folder_holds_as_the_zip_does(files: Files, tmp_path: Path) -> None:
    for name, content in files.items():
        path = tmp_path / "case" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert verify.check(tmp_path / "case", vkey_of(TRAIL.key), []).proven


async def test_the_same_case_at_the_same_checkpoint_makes_the_same_bytes(whole: bytes) -> None:
    assert await bundles().make(CASE) == whole


def altered(name: str, find: bytes, put: bytes) -> Callable[[Files], None]:
    def deed(files: Files) -> None:
        assert find in files[name], name
        files[name] = files[name].replace(find, put, 1)

    return deed


def moved(files: Files) -> None:
    for suffix in ("rec", "tlog-proof", "fact.json", "salts.json"):
        one, other = f"records/0004.{suffix}", f"records/0006.{suffix}"
        files[one], files[other] = files[other], files[one]


def put_in(files: Files) -> None:
    files["records/confession.txt"] = "我承认".encode()


def left_out(files: Files) -> None:
    without_record(files, 7)


def empty_hash(files: Files) -> None:
    lines = files["records/0003.tlog-proof"].split(b"\n")
    files["records/0003.tlog-proof"] = b"\n".join([*lines[:2], b"", *lines[2:]])


def short_hash(files: Files) -> None:
    lines = files["records/0003.tlog-proof"].split(b"\n")
    files["records/0003.tlog-proof"] = b"\n".join([*lines[:2], base64.b64encode(b"x" * 31), *lines[3:]])


SIZE = b"\n%d\n" % len(FACTS), b"\n9\n"
COUNT = b"records %d" % RECORDS, b"records 9"
DEEDS: list[tuple[str, Callable[[Files], None], str]] = [
    ("a record left out", left_out, "record 7 of the case is missing: it was left out"),
    ("two records exchanged", moved, "does not follow the record before it"),
    ("a record edited", altered("records/0004.rec", b'"number":4', b'"number":5'), "0004.rec is not the record that stands in the trail"),
    ("a message edited", altered("records/0001.fact.json", "化工厂".encode(), "小作坊".encode()), "not the message that was recorded"),
    ("the timeline forged", altered("timeline.zh.html", "逾期".encode(), "按时".encode()), "is not the timeline the trail made"),
    ("a file put in", put_in, "records/confession.txt was put into the bundle"),
    ("the policy edited", altered("policy/{policy}.yaml", b"PT30M", b"PT60M"), "was altered: it is not the file the trail made"),
    ("the checkpoint edited", altered("checkpoint", *SIZE), "checkpoint: the signature does not belong to this text"),
    ("the statement edited", altered("statement", *COUNT), "statement: the signature does not belong to this text"),
    ("a later record hidden in the tail", altered("tail/peaks", b"\n", b"\n00"), "are not those of the trail"),
    ("an empty hash in a proof", empty_hash, "0003"),
    ("a short hash in a proof", short_hash, "0003"),
]  # fmt: skip


@pytest.mark.parametrize(("deed", "words"), [deed[1:] for deed in DEEDS], ids=[deed[0] for deed in DEEDS])
def test_what_was_done_to_a_bundle_is_said_in_words(
    files: Files, tmp_path: Path, deed: Callable[[Files], None], words: str
) -> None:
    policy = next(name for name in files if name.endswith(".yaml"))
    files["policy/{policy}.yaml"] = files.pop(policy)
    deed(files)
    files[policy] = files.pop("policy/{policy}.yaml")
    assert words in fault_of(files, tmp_path)


def test_a_record_left_out_by_one_who_has_the_key_is_found_by_the_numbers(
    files: Files, tmp_path: Path
) -> None:
    names = sorted({name.partition(".")[0] for name in files if name.startswith("records/")})
    without_record(files, 7)
    for number, name in enumerate(names[7:], 7):
        for suffix in ("rec", "tlog-proof", "fact.json", "salts.json"):
            if f"{name}.{suffix}" in files:
                files[f"records/{number:04d}.{suffix}"] = files.pop(f"{name}.{suffix}")
    signed_anew(files, records=str(RECORDS - 1))
    assert "a record was left out or moved" in fault_of(files, tmp_path)


def test_the_last_record_left_out_by_one_who_has_the_key_is_found_in_the_tail(
    files: Files, tmp_path: Path
) -> None:
    without_record(files, RECORDS)
    signed_anew(files, records=str(RECORDS - 1), last=str(PLACES[-2]))
    assert "the records after the case's last are not those of the trail" in fault_of(files, tmp_path)


async def test_without_the_tail_it_says_that_the_last_is_the_last_by_the_trails_word_alone(
    tmp_path: Path,
) -> None:
    path = tmp_path / "case.zip"
    path.write_bytes(await bundles().make(CASE, tail=0))
    verdict = verify.check(path, vkey_of(TRAIL.key), [])
    assert not any("no later record" in en for en, _ in verdict.proven)
    assert any("convict it of a false statement" in en for en, _ in verdict.unproven)


def test_a_bundle_signed_by_another_key_is_refused(files: Files, tmp_path: Path) -> None:
    assert "not signed by the key given" in fault_of(files, tmp_path, signer(2))
    forged = MadeTrail(FACTS, signer(2))
    files["checkpoint"] = forged.signed.note.encode()
    assert "not signed by the key given" in fault_of(files, tmp_path)


async def test_without_names_and_free_text_everything_is_still_proven(tmp_path: Path) -> None:
    content = await bundles().make(CASE, redacted=True)
    path = tmp_path / "case.zip"
    path.write_bytes(content)
    verdict = verify.check(path, vkey_of(TRAIL.key), [])
    assert any(f"0 of {RECORDS} messages are here whole" in en for en, _ in verdict.proven)
    with zipfile.ZipFile(path) as archive:
        found = b"".join(archive.read(name) for name in archive.namelist())
    for personal in (
        "化工厂",
        *(DIRECTORY.people_by_id[person].name.zh for person in DIRECTORY.people_by_id),
    ):
        assert personal.encode() not in found, personal


async def test_cosignatures_of_witnesses_count_and_those_of_others_do_not(tmp_path: Path) -> None:
    (skey, vkey), (_, other) = make_key("discipline.example/witness"), make_key("another.example/witness")

    trail = MadeTrail(FACTS)
    before = await bundles(trail).make(CASE)
    line = Cosigner.read(skey).cosign(trail.signed.note.partition("\n\n")[0] + "\n", 1_795_490_000).line()
    trail.signed = replace(trail.signed, note=with_lines(trail.signed.note, [line]))
    path = tmp_path / "case.zip"
    path.write_bytes(await bundles(trail).make(CASE))
    verdict = verify.check(path, vkey_of(TRAIL.key), [vkey, other])
    assert verdict.witnesses == 1
    assert any("discipline.example/witness cosigned the same checkpoint" in en for en, _ in verdict.proven)
    assert any("another.example/witness has not cosigned" in en for en, _ in verdict.notes)
    assert not any("another trail" in en for en, _ in verdict.unproven)

    def contents(content: bytes) -> Files:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {
                name: archive.read(name)
                for name in archive.namelist()
                if name != "checkpoint" and not name.endswith(".tlog-proof")
            }

    assert contents(path.read_bytes()) == contents(before), "the same bytes but for cosignatures"


async def test_the_newest_sealed_checkpoint_proves_where_it_covers_the_case_and_is_not_far_behind(
    tmp_path: Path,
) -> None:
    trail = MadeTrail(FACTS)

    async def size_by(sealed: SignedCheckpoint) -> int:
        trail.cosigned = sealed
        path = tmp_path / "case.zip"
        path.write_bytes(await bundles(trail).make(CASE))
        assert verify.check(path, vkey_of(trail.key), []).proven
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read("bundle.json"))["size"]

    covering = PLACES[-1] + 1
    assert await size_by(trail.sign_at(covering)) == covering
    assert await size_by(trail.sign_at(covering - 1)) == len(FACTS), (
        "it does not cover the case's last record"
    )
    assert await size_by(replace(trail.sign_at(covering), time="2026-11-24T01:59:00.000000Z")) == len(
        FACTS
    ), "more than an hour behind"


def redacted(index: int, *fields: str) -> tuple[Fact, datetime]:
    """An order to erase, on record in the case after all else."""
    by = Actor(principal="clerk", role=Role.REDACTOR)
    order = Redacted(
        by=by, entries=(ErasedFields(index=index, fields=fields),), legal_basis="个人信息保护法第四十七条"
    )
    at = FACTS[-1][1] + timedelta(minutes=1)
    return Fact.of(Kind.REDACTED, id="r1", source="/services/audit", subject=CASE, time=at, data=order), at


async def test_what_was_erased_by_an_order_on_record_is_said_and_what_was_not_is_a_fault(
    tmp_path: Path,
) -> None:
    trail = MadeTrail([*FACTS, redacted(1, "data.summary")])
    whole = trail.held[1]
    path = tmp_path / "case.zip"

    async def verdict(payload: Payload | None) -> verify.Verdict:
        trail.held |= {1: payload} if payload else {}
        if payload is None:
            del trail.held[1]
        path.write_bytes(await bundles(trail).make(CASE))
        return verify.check(path, vkey_of(trail.key), [])

    notes = (await verdict(without(whole, "reported", ["data.summary"]))).notes
    assert any("Of record 1 data.summary was erased" in en and "第四十七条" in zh for en, zh in notes), notes
    with zipfile.ZipFile(path) as archive:
        told = archive.read("timeline.zh.html").decode()
        assert "化工厂" not in archive.read("records/0001.plain.json").decode()
    assert "依据个人信息保护法第四十七条予以清除" in told
    trail = MadeTrail(FACTS)
    with pytest.raises(verify.BrokenError, match="message of record 1 is missing, and no order on record"):
        await verdict(None)


def test_a_unit_s_own_receipt_is_laid_beside_its_record(files: Files, tmp_path: Path) -> None:
    import jwt
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = Ed25519PrivateKey.generate()
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    rec, fact = json.loads(files["records/0001.rec"]), files["records/0001.fact.json"]
    said = {
        "fact": rec["message_id"],
        "sequence": rec["sequence"],
        "time": rec["broker"],
        "case": CASE,
        "sha256": hashlib.sha256(fact).hexdigest(),
    }
    path = tmp_path / "case.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)

    def proven(**more: object) -> str:
        receipt = jwt.encode({**said, **more}, key, algorithm="EdDSA")
        return verify.check(path, vkey_of(TRAIL.key), [], (receipt, pem)).proven[-1][0]

    recorded, beside = datetime.fromisoformat(rec["broker"]), timedelta(microseconds=1)
    for time in (recorded, recorded + beside, recorded - beside):
        assert "The receipt belongs to record 1" in proven(time=rfc3339(time))
    for other in (rfc3339(recorded + 2 * beside), "2026-11-23T02:00:00.000000Z", "then", None):
        with pytest.raises(verify.BrokenError, match="differ"):
            proven(time=other)
    with pytest.raises(verify.BrokenError, match="no record of this case"):
        proven(sequence=4000)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_is_done_to_the_bytes_ends_in_words_never_in_a_traceback(
    whole: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.zip"
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    if data.draw(st.booleans()):
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    else:
        name = data.draw(st.sampled_from(sorted(name for name in files if "verify.py" not in name)))
        content = files[name]
        at = data.draw(st.integers(0, len(content) - 1))
        files[name] = (
            content[:at] + data.draw(st.binary(max_size=40)) + content[at + data.draw(st.integers(0, 40)) :]
        )
        if files[name] == content:
            return
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    with pytest.raises(verify.BrokenError):
        verify.check(path, vkey_of(TRAIL.key), [])
