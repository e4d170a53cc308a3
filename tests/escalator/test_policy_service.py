"""A new policy over the real broker: drafted, approved by another person, in force for the cases that begin
from then on.
"""

from datetime import timedelta
from pathlib import Path

import httpx2

from shared.case import Case
from shared.ids import CaseId
from shared.vocabulary import Kind, Role
from tests.escalator.wire import case_now, facts_of, report
from tests.lab import Lab, until

CONFIG = Path(__file__).resolve().parents[2] / "config" / "policy.yaml"
STRICTER = (
    CONFIG.read_text(encoding="utf-8")
    .replace('version: "2026-11-01"', 'version: "stricter"')
    .replace("IV: { report: PT2H", "IV: { report: PT45M")
)


async def test_a_policy_comes_into_force_for_new_cases_and_never_changes_under_an_old_one(
    frail_lab: Lab,
) -> None:
    frail_lab.ask_for_no_resolution()
    first, second = await frail_lab.start_service("escalator"), await frail_lab.start_service("escalator")
    drafter, leader = (
        frail_lab.bearer(Role.SUPERVISOR, person="xie_ze"),
        frail_lab.bearer(Role.LEADER, person="wu_ji"),
    )
    try:
        async with frail_lab.connection("intake") as intake, frail_lab.connection("admin") as admin:

            async def due_after(case: CaseId) -> timedelta:
                async def seen() -> Case | None:
                    return await case_now(admin, case)

                duty = (await until(seen)).duties[0]  # pyright: ignore[reportOptionalMemberAccess]
                return duty.due_at - duty.starts_at

            old = await report(intake, level="IV")
            assert await due_after(old) == timedelta(hours=2)
            policy = f"{first.url}/api/v1/policy"
            draft = httpx2.post(f"{policy}/versions", content=STRICTER.encode(), headers=drafter)
            assert draft.status_code == 201, draft.text
            version = draft.json()["id"]
            assert draft.json()["standing"] == "draft"
            assert (
                httpx2.post(
                    f"{policy}/versions/{version}/approve",
                    headers=frail_lab.bearer(Role.LEADER, person="xie_ze"),
                ).status_code
                == 409
            )
            assert httpx2.post(f"{policy}/versions/{version}/approve", headers=drafter).status_code == 403
            approved = httpx2.post(f"{policy}/versions/{version}/approve", headers=leader)
            assert approved.json()["standing"] == "in_force", approved.text

            def known_by_the_other() -> bool:
                return (
                    httpx2.get(f"{second.url}/api/v1/policy", headers=leader)
                    .json()["policy"]
                    .startswith("stricter ")
                )

            await until(known_by_the_other)
            new = await report(intake, level="IV")
            assert await due_after(new) == timedelta(minutes=45)
            assert await due_after(old) == timedelta(hours=2), "the old case keeps the policy it began under"
            drafted = [fact.data for _, fact in await facts_of(admin, None, Kind.POLICY_DRAFTED)]
            assert [(one["by"], one["text"] == STRICTER) for one in drafted if one["version"] == version] == [
                ("xie_ze", True)
            ]
            told = [fact.data for _, fact in await facts_of(admin, None, Kind.POLICY_APPROVED)]
            assert [one["by"] for one in told if one["version"] == version] == ["wu_ji"]
            (reported,) = await facts_of(admin, old, Kind.REPORTED)
            history = [
                {
                    "at": reported[0].isoformat(),
                    "fact": reported[1].model_dump(mode="json", exclude_none=True),
                }
            ]
            tried = httpx2.post(
                f"{policy}/simulate",
                json={"policy": STRICTER.replace("PT45M", "PT50M"), "history": history},
                headers=leader,
            )
            due = [change for change in tried.json()["changes"] if change["what"] == "due"]
            assert {change["duty"] for change in due} == {"first_report"}, tried.text
    finally:
        first.stop()
        second.stop()


async def test_a_draft_that_cannot_be_followed_is_refused_line_by_line_and_unknown_versions_are_not_found(
    lab: Lab,
) -> None:
    service = await lab.start_service("escalator")
    operator, leader = lab.bearer(Role.OPERATOR), lab.bearer(Role.LEADER)
    policy = f"{service.url}/api/v1/policy"
    try:
        bad = STRICTER.replace("two_offices_duty]\n    step", "nobody]\n    step")
        refused = httpx2.post(f"{policy}/versions", content=bad.encode(), headers=operator)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "line 17: half_hour.fallback.chain.2"
        assert "no post nobody" in refused.json()["errors"][0]["message"]
        assert httpx2.post(f"{policy}/versions", content=STRICTER.encode(), headers=leader).status_code == 403
        assert httpx2.get(f"{policy}/versions/nothing", headers=leader).status_code == 404
        assert httpx2.post(f"{policy}/versions/nothing/approve", headers=leader).status_code == 404
        assert httpx2.get(f"{policy}/versions").status_code == 401
    finally:
        service.stop()
