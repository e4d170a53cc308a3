"""One unit reports in the name of another that it learned of an explosion hours ago: the other would have
lapsed, and answer for it.
"""

from datetime import UTC, datetime, timedelta

from shared.case import Case
from shared.facts import LapseCause
from shared.ids import CaseId
from shared.standing import standing_case
from shared.vocabulary import ReportKind, Role
from tests.attacks.conftest import Installation
from tests.escalator.wire import decisions_of
from tests.lab import until

FRAMED, FRAMER = "shaquan_info_centre", "wangshan_info_centre"


async def framed(installation: Installation, unit: str, role: Role, **more: object) -> str:
    ago = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    body = {
        "category": "accident",
        "level": "II",
        "unit": FRAMED,
        "area": "620621",
        "occurred_at": ago,
        "learned_at": ago,
        "summary": "沙泉县化工厂爆炸，早已知情",
        **more,
    }
    answer = await installation.http.post(
        "/api/v1/reports", json=body, headers=installation.lab.bearer(role, unit=unit)
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["case"]


def lapses(case: Case) -> set[LapseCause]:
    return {duty.lapse.cause for duty in case.duties if duty.lapse is not None}


async def test_it_is_a_witness_the_leaders_are_rung_and_the_unit_has_not_lapsed(
    installation: Installation,
) -> None:
    case = await framed(installation, FRAMER, Role.REPORTER)
    stands = await installation.case(case)
    assert stands.report.witness
    assert stands.starts_at == stands.opened_at, (
        "its clocks start when it was told, not when it is said to have known"
    )
    assert lapses(stands) == set()
    assert {duty.rule for duty in stands.duties} >= {"first_report", "cross_check", "written_report"}
    await until(
        lambda: installation.rung("zhao_jia", case), what="the Party secretary is rung as for any report"
    )


async def test_what_it_leaves_undone_is_not_referred_and_a_person_judges_the_omission(
    installation: Installation,
) -> None:
    case = await framed(installation, FRAMER, Role.REPORTER)

    async def lapsed() -> bool:
        stands = await installation.case(case)
        return any(duty.rule == "written_report" and duty.lapse for duty in stands.duties)

    await until(lapsed, what="the limit of the written report passes", seconds=60)
    async with installation.lab.connection("admin") as admin:
        effects = [
            effect for decision in await decisions_of(admin, CaseId(case)) for effect in decision.effects
        ]
    referred = {effect.unit for effect in effects if effect.kind == "referred"}
    assert FRAMED not in referred, "nobody answers on a witness's word alone"
    assert LapseCause.REPORTED_LATE not in lapses(await installation.case(case))
    assert any(effect.kind == "suspected" for effect in effects), "it is a suspicion, which a person judges"
    answer = await installation.http.get(
        f"/api/v1/cases/{standing_case('ledger', FRAMED)}", headers=installation.lab.bearer(Role.AUDITOR)
    )
    assert answer.status_code == 404, "its ledger is not opened"


async def test_a_duty_office_writes_a_call_down_as_the_units_own_report(installation: Installation) -> None:
    case = await framed(installation, "emergency_office", Role.DUTY_OFFICER, by_telephone=True)
    stands = await installation.case(case)
    assert not stands.report.witness
    assert stands.report.by_telephone
    assert (stands.starts_at, stands.suspicion) == (stands.opened_at, None)
    assert lapses(stands) == set()
    now = datetime.now(UTC).isoformat()
    body = {
        "category": "accident",
        "unit": FRAMED,
        "area": "620621",
        "occurred_at": now,
        "learned_at": now,
        "summary": "爆炸",
    }
    headers = installation.lab.bearer(Role.DUTY_OFFICER, unit=FRAMER)
    answer = await installation.http.post(
        "/api/v1/reports", json=body | {"by_telephone": True}, headers=headers
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (403, "by_telephone")


async def test_once_the_unit_says_something_itself_it_is_its_case(installation: Installation) -> None:
    case = await framed(installation, FRAMER, Role.REPORTER)
    assert (
        await installation.act(case, "follow-up", FRAMED, Role.DUTY_OFFICER, text="属实，正在处置")
        == "applied"
    )
    stands = await installation.case(case)
    assert not stands.report.witness
    assert "cross_check" not in {duty.rule for duty in stands.duties if duty.is_owed}
    assert stands.report.kind is ReportKind.INCIDENT
