"""Writes down what every scene leaves on record: effects, calls and what other cases are told, to the word.

`python -m tests.escalator.on_record` renews tests/data/on_record.txt; what has changed then stands in the
diff, to be read by a person.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from services.escalator.deciding.draft import Rules
from shared.facts import Absorbed, CaseAct, Decision, Effect, Established, Heard, Matched, Via
from shared.facts.acts import Actor
from shared.ids import CaseId, SourceId, UnitId
from shared.vocabulary import Kind, Role
from tests.escalator.builders import LEARNED, Story, World, default_rules
from tests.escalator.scenes import SCENES

RECORD = Path(__file__).parents[1] / "data" / "on_record.txt"
FIELDS = (
    "duty",
    "task",
    "person",
    "post",
    "unit",
    "due_at",
    "was",
    "late_by_seconds",
    "cause",
    "stood_in",
    "case",
    "note",
)
NEW_IDS = ("parent", "case")
"""Cases that are made in passing: which ids they get is no matter of words."""


def written() -> str:
    lines: list[str] = []
    for title, report, acts in SCENES:
        story = Story(default_rules())
        lines += ["", f"# {title}"]
        lines += _lines(story.reported(**report))
        for minutes, kind, says in acts:
            known = len(story.decisions)
            story.time_passes(minutes)
            lines += [line for decision in story.decisions[known:] for line in _lines(decision)]
            lines += _lines(story.act(kind, minutes, **says))
    for scene in (_answered, _called, _merged_into, _matched, _watched, _held_to_account):
        lines += ["", f"# {scene.__doc__}"]
        lines += [line for decision in scene(default_rules()) for line in _lines(decision)]
    return "\n".join(lines).strip() + "\n"


def _lines(decision: Decision) -> Iterator[str]:
    yield f"{_minutes(decision.about.time)} {decision.about.kind}"
    for effect in decision.effects:
        yield f"  {effect.kind} {effect.why}{_fields(effect)}"
    for notice in decision.notices:
        how, duties = "+".join(notice.channels) or notice.held, ", ".join(notice.duties)
        yield f"  > {notice.person} as {notice.post} by {how}: {notice.purpose} {notice.why} [{duties}]"
    for sent in decision.sends:
        said = {name: value for name, value in sent.data.items() if name not in NEW_IDS}
        yield f"  ~ {sent.kind} {_plain(said)}"


def _fields(effect: Effect) -> str:
    found = {name: getattr(effect, name) for name in FIELDS if getattr(effect, name) is not None}
    if effect.kind == "raised":
        found.pop("case")
    shown = [
        f"{name}={_minutes(value) if isinstance(value, datetime) else value}" for name, value in found.items()
    ]
    return "".join(f" {one}" for one in [*shown, *([f"({effect.rule.path})"] if effect.rule else [])])


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        shown = cast(dict[str, Any], value)
        parts = [f"{name}: {_plain(part)}" for name, part in sorted(shown.items()) if name not in NEW_IDS]
        return "{" + ", ".join(parts) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_plain, value)) + "]"  # pyright: ignore[reportUnknownArgumentType]
    return str(value)


def _minutes(at: datetime) -> str:
    """Since the unit learned of it."""
    return f"{(at - LEARNED).total_seconds() / 60:.6g}"


def _answered(rules: Rules) -> list[Decision]:
    """one answers, one can't be reached, one stands in, and somebody answers to whom nothing was owed"""
    story = Story(rules)
    first = story.reported(level=None).notices[0]
    story.acknowledged("qian_yi", 1)
    story.acknowledged("qian_yi", 2)
    story.acknowledged("feng_ren", 2)
    story.acknowledged("jiang_yue", 2, Via.LOGGED_CALL)
    for channel in first.channels:
        story.delivery(Kind.FAILED, first.id, first.person, channel, 3)
    story.acknowledged("wu_ji", 4)
    story.time_passes(31)
    return story.decisions


def _called(rules: Rules) -> list[Decision]:
    """a call is written down that never was, to a leader and to a contact of the chain"""
    story = Story(rules)
    story.reported()
    story.acknowledged("qian_yi", 1, Via.LOGGED_CALL, by="zhang_lai")
    story.act(Kind.CONTESTED, 2, who="qian_yi", text="无此通话")
    story.act(Kind.CONTESTED, 3, who="qian_yi")
    story.acknowledged("zhao_jia", 4, Via.LOGGED_CALL, by="zhang_lai")
    story.acknowledged("zhao_jia", 5)
    story.act(Kind.CONTESTED, 6, who="zhao_jia")
    story.time_passes(6)
    story.acknowledged("wu_ji", 7, Via.LOGGED_CALL, by="zhang_lai")
    story.act(Kind.CONTESTED, 8, who="wu_ji")
    story.acknowledged("sun_bing", 9, Via.LOGGED_CALL, by="zhang_lai")
    story.time_passes(31)
    story.act(Kind.CONTESTED, 32, who="sun_bing")
    return story.decisions


def _merged_into(rules: Rules) -> list[Decision]:
    """a duplicate brings an earlier clock, also to a case that has ended"""
    story, by = Story(rules), Actor(principal="officer", role=Role.DUTY_OFFICER)
    story.reported(2, learned_at=LEARNED, level=None)
    for minute, case, start in ((3, "first", -20), (4, "first", -20), (5, "second", 20)):
        at = LEARNED.fromtimestamp(LEARNED.timestamp() + start * 60, tz=LEARNED.tzinfo)
        story.happens(
            Kind.ABSORBED, Absorbed(case=CaseId(case), starts_at=at, opened_at=at, lapses=2, by=by), minute
        )
    story.act(Kind.CLOSED, 6, text="完毕")
    story.happens(
        Kind.ABSORBED,
        Absorbed(case=CaseId("third"), starts_at=LEARNED, opened_at=LEARNED, lapses=0, by=by),
        7,
    )
    story.act(Kind.MERGED, 8, into="goes_on")
    story.happens(
        Kind.ABSORBED,
        Absorbed(case=CaseId("fourth"), starts_at=LEARNED, opened_at=LEARNED, lapses=1, by=by),
        9,
    )
    story.happens(
        Kind.ABSORBED,
        Absorbed(case=CaseId("goes_on"), starts_at=LEARNED, opened_at=LEARNED, lapses=1, by=by),
        10,
    )
    return story.decisions


def _matched(rules: Rules) -> list[Decision]:
    """a unit's report is found for what the media knew, before and after it was suspected"""
    decisions: list[Decision] = []
    for kind, minute in (("opinion", 20.0), ("opinion", 40.0), ("dispute", 1.0)):
        story = Story(rules)
        story.reported(kind=kind)
        story.time_passes(minute)
        for score, later in ((0.7, 0), (0.6, 1), (0.9, 2)):
            why = (
                {"aspect": "area", "alike": 1.0, "words": "same"},
                {"aspect": "text", "alike": 0.5, "words": "half"},
            )
            found = {
                "report": "other",
                "unit": "wangshan_emergency",
                "reported_at": LEARNED,
                "score": score,
                "why": why,
            }
            story.happens(Kind.MATCHED, Matched.model_validate(found), minute + later)
        decisions += story.decisions
    return decisions


def _watched(rules: Rules) -> list[Decision]:
    """a source is heard and falls silent; a roster is signed in for; both are let go"""
    decisions: list[Decision] = []
    directory = rules.directory
    for watch, subject in (
        ("source", next(one.id for one in directory.sources if one.silent_after)),
        ("roster", "tv_watch"),
        ("periodic", "drill"),
    ):
        story = Story(rules)
        said = {"watch": watch, "subject": subject, "unit": "tv_centre", "area": "620600", "title": "守望"}
        story.happens(Kind.ESTABLISHED, Established.model_validate(said), 0)
        story.happens(Kind.ESTABLISHED, Established.model_validate(said), 1)
        story.happens(Kind.HEARD, Heard(source=SourceId(subject), at=LEARNED), 2)
        story.time_passes(1500)
        on_duty = directory.holder_of(directory.rosters_by_id["tv_watch"].post, LEARNED).id  # pyright: ignore[reportArgumentType]
        story.act(Kind.SIGNED_IN, 1500, who="somebody")
        if watch == "roster":
            story.time_passes(2900)
            story.act(Kind.SIGNED_IN, 2900, who=story.duty("sign_in").bearer)
        story.act(Kind.HANDED_OVER, 2901, to_person="nobody")
        story.act(Kind.HANDED_OVER, 2902, to_person=on_duty, text="平安")
        story.happens(Kind.ESTABLISHED, Established.model_validate(said | {"subject": "gone"}), 2903)
        decisions += story.decisions
    return decisions


def _held_to_account(rules: Rules) -> list[Decision]:
    """what nobody answered goes to the ledger, and from there to the organ"""
    story = Story(rules)
    story.reported(level="I", harm={"deaths": 31, "injuries": 2, "loss": 5})
    story.time_passes(31)
    world: World = story.world()
    opened = [case for case in world.cases.values() if case.measure is not None][:1]
    by = {"principal": "feng_ren", "role": "discipline", "unit": "discipline_organ"}
    answers = {"principal": "zhao_jia", "role": "leader", "unit": "party_committee"}
    for case in opened:
        for minute, kind, says in (
            (40, Kind.REVIEW_ASKED, {"by": answers}),
            (40, Kind.REVIEWED, {}),
            (41, Kind.STATED, {"by": answers, "text": "信号中断"}),
            (42, Kind.MEASURE_DECIDED, {"measure": "nothing"}),
            (43, Kind.MEASURE_DECIDED, {"measure": "reminder", "text": "初犯"}),
            (44, Kind.MEASURE_DECIDED, {"measure": "reminder"}),
            (45, Kind.REVIEW_ASKED, {"by": answers, "text": "不服"}),
            (46, Kind.REVIEWED, {"approve": False, "text": "撤销"}),
            (47, Kind.REVIEWED, {"approve": True}),
            (48, Kind.CORRECTED, {"text": "更正"}),
        ):
            _say(world, kind, case.id, {"by": by} | says, minute)
    again = Story(rules)
    again.reported(40)
    return [*world.decisions, *again.decisions]


def _say(world: World, kind: Kind, case: CaseId, says: dict[str, Any], minute: float) -> None:
    world.happens(
        kind,
        case,
        CaseAct.model_validate(says),
        LEARNED.fromtimestamp(LEARNED.timestamp() + minute * 60, tz=LEARNED.tzinfo),
    )


__all__ = ["RECORD", "UnitId", "written"]

if __name__ == "__main__":
    RECORD.write_text(written(), encoding="utf-8")
