"""An exercise that rings does so only to whoever has agreed; it waits for nobody else and accuses nobody. Row 27."""

from typing import Any

from shared.case import DutyState
from shared.directory import Directory
from shared.facts import EffectKind, Notice, Purpose
from shared.ids import CaseId
from shared.vocabulary import Level
from tests.stories.stage import Stage

RINGS = {"exercise: { channels: [] }": "exercise: { channels: [sms] }"}
SPARED = "not_agreed_to_exercises"


def drill(*agreed: str, units: tuple[str, ...] = ()) -> tuple[Stage, CaseId]:
    """`agreed`: people; `units`: with all their people."""
    directory = Stage().directory
    changed = directory.model_copy(
        update={
            "people": tuple(
                person.model_copy(update={"exercises": True}) if person.id in agreed else person
                for person in directory.people
            ),
            "units": tuple(
                unit.model_copy(update={"exercises": True}) if unit.id in units else unit
                for unit in directory.units
            ),
        }
    )
    fresh: dict[str, Any] = changed.model_dump(by_alias=True)
    stage = Stage(directory=Directory.model_validate(fresh), policy=RINGS)
    return stage, stage.report(level=Level.II, exercise=True, summary="演练：化工厂爆炸")


def notices(stage: Stage, case: CaseId) -> list[Notice]:
    return [notice for _, notice in stage.notices(case)]


def test_nobody_is_rung_who_has_not_agreed_and_nobody_answers_for_it() -> None:
    stage, case = drill()
    stage.after(minutes=31)

    assert {(notice.held, notice.channels) for notice in notices(stage, case)} == {(SPARED, ())}
    assert SPARED in stage.reasons(case, EffectKind.NOTED)
    assert not stage.reasons(case, EffectKind.LIT), "the record calls nobody called"
    assert not stage.reasons(case, EffectKind.DARK)
    assert not stage.reasons(case, EffectKind.UNREACHED)
    assert not [duty.rule for duty in stage.case(case).duties if duty.lapse is not None]
    assert SPARED in stage.reasons(case, EffectKind.CANCELLED), "each says why it ended"


def test_the_chain_goes_on_at_once_to_whoever_has_agreed() -> None:
    everybody = notices(*drill(units=tuple(unit.id for unit in Stage().directory.units)))
    assert {notice.channels for notice in everybody} == {("sms",)}
    agreed = Stage().holder("secretary_general")
    stage, case = drill(agreed)
    stage.after(seconds=1)

    assert stage.told(case, "first_report", Purpose.FALLBACK)[:1] == [("11-23 11:00", "secretary_general")]
    assert {notice.person for notice in notices(stage, case) if notice.channels} == {agreed}
    stage.acknowledges(case, "secretary_general")
    assert all(duty.state is DutyState.DISCHARGED for duty in stage.duties(case, "first_report")[:1])


def test_a_person_may_say_no_where_the_unit_has_agreed() -> None:
    stage, case = drill(units=tuple(unit.id for unit in Stage().directory.units))
    person = notices(stage, case)[0].person
    directory = stage.directory
    assert directory.agrees_to_exercises(person)
    refused = directory.people_by_id[person].model_copy(update={"exercises": False})
    others = tuple(refused if known.id == person else known for known in directory.people)
    fresh = Directory.model_validate(
        directory.model_copy(update={"people": others}).model_dump(by_alias=True)
    )
    assert not fresh.agrees_to_exercises(person)
