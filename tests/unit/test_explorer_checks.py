"""The explorer calls proven only what it has computed itself: a change anywhere shows as a check that does
not hold.
"""

from datetime import UTC, datetime
from typing import Any

from fenghuo.bootstrap import note_key
from services.audit.reading.plain import data_of, lines
from services.audit.reading.views import CheckpointView, Entry, InclusionProof, Record
from services.audit.web.explorer.checks import DIGEST, HASHED, INCLUDED, SIGNED, check_record
from shared.tlog.checkpoint import Checkpoint
from shared.tlog.merkle import leaf_hash, node_hash
from shared.tlog.note import Signer
from shared.web.names import Names

NOW = datetime(2026, 11, 1, 19, 0, tzinfo=UTC)
SKEY, VKEY = note_key("test.trail")
REC, OTHER = '{"index":0}', '{"index":1}'
LEAVES = leaf_hash(REC.encode()), leaf_hash(OTHER.encode())
ROOT = node_hash(*LEAVES)


def checkpoint(root: bytes = ROOT, size: int = 2) -> CheckpointView:
    signed = Checkpoint("test.trail", size, root, NOW).sign(Signer.read(SKEY))
    return CheckpointView(number=0, size=size, root=root.hex(), time=NOW, note=signed.write())


def record(*, rec: str = REC, path: bytes = LEAVES[1], holds: bool = True) -> Record:
    proof = InclusionProof(
        index=0, size=2, leaf=LEAVES[0].hex(), root=ROOT.hex(), hashes=(path.hex(),), checkpoint=checkpoint()
    )
    entry = Entry(index=0, sequence=1, time=NOW, kind="reported", number=1)
    return Record(
        entry=entry,
        header={},
        rec=rec,
        leaf=LEAVES[0].hex(),
        fact=None,
        raw="{}",
        salt="",
        digest_holds=holds,
        proof=proof,
    )


def broken(found: Record, signed: CheckpointView | None = None, vkey: str = VKEY) -> set[str]:
    return {check.claim for check in check_record(found, signed or checkpoint(), vkey) if not check.holds}


def test_a_sound_record_holds_in_every_check() -> None:
    assert broken(record()) == set()
    assert len(check_record(record(), checkpoint(), VKEY)) == 4


def test_a_changed_record_neither_hashes_to_its_leaf_nor_stands_in_the_tree() -> None:
    assert broken(record(rec='{"index":0,"forged":1}')) == {HASHED, INCLUDED}


def test_a_changed_path_message_root_or_key_is_seen() -> None:
    assert broken(record(path=b"\x00" * 32)) == {INCLUDED}
    assert broken(record(holds=False)) == {DIGEST}
    forged = checkpoint().model_copy(update={"root": ("00" * 32)})
    assert broken(record(), forged) == {INCLUDED, SIGNED}
    assert broken(record(), vkey=note_key("test.trail")[1]) == {SIGNED}


def test_an_act_is_read_field_by_field_and_what_is_not_so_goes_without_saying() -> None:
    by = {"principal": "zhao_jia", "role": "leader"}
    data: dict[str, Any] = {
        "by": by,
        "duty": "plan-x",
        "span": "PT10M",
        "to_person": "wu_ji",
        "tasks": [],
        "sensitive": False,
        "acting": True,
    }
    said = {line.term: line for line in lines({"type": "cn.fenghuo.snoozed.v1", "data": data}, Names(None))}
    assert set(said) == {"Done by", "Duty", "For how long", "To whom", "Acting"}
    assert said["Acting"].label == ("answer", "yes")


def test_a_refusal_and_a_grading_down_are_said_although_they_are_a_no() -> None:
    refused = lines({"type": "cn.fenghuo.extension_decided.v1", "data": {"approve": False}}, Names(None))
    graded = lines({"type": "cn.fenghuo.regraded.v1", "data": {"sensitive": False}}, Names(None))
    assert [line.label for line in (*refused, *graded)] == [("answer", "no")] * 2


def test_what_is_watched_has_another_name_than_what_a_message_came_on() -> None:
    established = lines({"type": "cn.fenghuo.established.v1", "data": {"subject": "tv_watch"}}, Names(None))
    rejected = lines({"type": "cn.fenghuo.rejected.v1", "data": {"subject": "inbox.cap.x"}}, Names(None))
    assert [line.term for line in (*established, *rejected)] == ["Which one", "Came on"]


def test_an_effect_names_who_owes_it_where_nobody_in_person_does_and_from_where_a_limit_moved() -> None:
    effect = {
        "kind": "moved",
        "why": "regraded",
        "unit": "water_bureau",
        "due_at": "2026-11-23T03:00:00Z",
        "was": "2026-11-23T02:00:00Z",
    }
    [line] = data_of({"data": {"effects": [effect]}}).effects
    assert Names(None).either(line.person, line.unit).en == "water_bureau"
    assert line.due is not None
    assert line.was is not None
    assert line.was < line.due


def test_a_fact_nobody_has_thought_of_is_still_shown() -> None:
    odd: dict[str, Any] = {"effects": "none", "at": "never", "by": 3, "rule": 1}
    facts: list[dict[str, Any] | None] = [
        None,
        {},
        {"data": []},
        {"data": odd},
        {"data": {"effects": [{}, 4]}},
    ]
    for fact in facts:
        assert isinstance(lines(fact, Names(None)), tuple)
        for effect in data_of(fact).effects:
            assert (effect.kind, effect.why, effect.due, effect.outage, effect.policy_line) == (
                "",
                "",
                None,
                None,
                "",
            )
