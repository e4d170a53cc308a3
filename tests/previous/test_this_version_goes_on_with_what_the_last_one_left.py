"""This code, started on the data of the last landing, sees all of it, acts on it, and its trail is one with
the old.
"""

from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from fenghuo.gateway_lab import GatewayLab
from services.audit.store.trail import Trail
from services.audit.store.tree import StoredTree
from shared.broker.walk import walk
from shared.case import CaseStatus, TaskState
from shared.streams import FACTS
from shared.vocabulary import Kind, Role
from tests.audit.reading import verdict_of
from tests.escalator.wire import facts_of
from tests.lab import Lab, until
from tests.notifier.conftest import start_notifier, webhook_key
from tests.previous.installation import TOLD, previous_in
from tests.stories.live import Live

UNIT, OTHER = "wangshan_info_centre", "wangshan_emergency"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def live(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    async with (
        previous_in(tmp_path_factory.mktemp("previous")) as lab,
        GatewayLab(webhook_key(lab)) as gateway,
    ):
        await lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.2S")
        await lab.start_service("escalator")
        await start_notifier(lab, gateway, FENGHUO_DIRECTORY=str(lab.directory))
        intake = await lab.start_service("intake", FENGHUO_DUTIES_WAIT="PT5S")
        async with httpx2.AsyncClient(base_url=intake.url, timeout=15) as http:
            yield Live(lab, gateway, http)


def url_of(lab: Lab, name: str) -> str:
    return next(service.url for service in lab.services if service.name == name)


async def test_every_case_stands_as_it_was_left(live: Live) -> None:
    left = {
        name: await live.case(TOLD[name])
        for name in ("lapsed", "task", "merged", "handed", "open", "task_open", "from_systems")
    }
    assert left["lapsed"].status is CaseStatus.CLOSED
    assert any(duty.lapse for duty in left["lapsed"].duties), "a lapse stays on record"
    assert left["task"].status is CaseStatus.CLOSED
    assert left["task"].tasks[0].state is TaskState.VERIFIED
    assert (left["merged"].status, left["merged"].merged_into) == (CaseStatus.MERGED, TOLD["open"])
    assert left["open"].merged_from == (TOLD["merged"],)
    assert left["handed"].transfer is not None
    assert left["task_open"].tasks[0].state is TaskState.ACCEPTED
    assert left["from_systems"].status is CaseStatus.OPEN


async def test_what_people_do_to_them_counts(live: Live) -> None:
    assert await live.act(TOLD["handed"], "accept", OTHER) == "applied"
    assert (await live.case(TOLD["handed"])).holder == OTHER
    assert await live.act(TOLD["open"], "progress", UNIT, text="已打通救援通道", percent=80) == "applied"
    assert await live.act(TOLD["open"], "acknowledge", "gov_office", Role.LEADER, person="wu_ji") in (
        "applied",
        "refused",
    )
    assert (
        await live.act(TOLD["task_open"], "complete", "housing_bureau", task="t1", text="排查完毕")
        == "applied"
    )
    assert (
        await live.act(TOLD["task_open"], "verify", "party_office", Role.LEADER, task="t1", text="属实")
        == "applied"
    )


async def test_a_new_report_rings_and_an_ended_case_does_not(live: Live) -> None:
    case = await live.report(UNIT, level="II")
    await until(lambda: live.rung("zhao_jia", case), what="the party secretary is rung")
    rung = {message.data.get("case") for message in live.gateway.gateway.messages}
    assert not rung & {TOLD["lapsed"], TOLD["task"], TOLD["merged"]}


async def test_who_holds_which_post_is_what_it_was_changed_to(live: Live) -> None:
    answer = await live.http.get("/api/v1/directory/posts", headers=live.lab.bearer(Role.DUTY_OFFICER))
    holders = {post["id"]: post["holder"] for post in answer.json()["posts"]}
    assert holders["deputy_sg_in_charge"] == TOLD["deputy_sg_in_charge"]


async def test_what_was_watched_is_taken_over_and_nothing_is_established_again(live: Live) -> None:
    async with live.lab.connection("admin") as admin:
        bucket = await admin.jetstream().key_value("POLICIES")

        facts = await facts_of(admin, None, Kind.ESTABLISHED)
        watched = {f"standing.{fact.data['watch']}.{fact.data['subject']}" for _, fact in facts}

        async def are_noted() -> bool:
            return watched <= set(await bucket.keys())

        await until(are_noted, what="each watch has a note of its own")
        again = [
            stored.sequence
            async for stored in walk(lambda: admin, FACTS, f"fact.*.{Kind.ESTABLISHED}", after=TOLD["size"])
        ]
        plans = [fact for _, fact in facts if fact.data["watch"] == "plan"]
        assert len(again) == len(plans), "only contingency plans, which were not watched before"


async def test_a_token_taken_back_stays_taken_back(live: Live) -> None:
    bearer = {"Authorization": f"Bearer {TOLD['token_taken_back']}"}
    answer = await live.http.get("/api/v1/cases", headers=bearer)
    assert answer.status_code == 401, answer.text


async def test_the_policy_in_force_is_the_one_that_was_approved(live: Live) -> None:
    answer = httpx2.get(
        f"{url_of(live.lab, 'escalator')}/api/v1/policy/versions", headers=live.lab.bearer(Role.SUPERVISOR)
    )
    (in_force,) = [
        version["id"] for version in answer.json()["versions"] if version["standing"] == "in_force"
    ]
    assert in_force == TOLD["policy"]


async def test_the_trail_goes_on_from_the_root_that_was_signed(live: Live) -> None:
    audit = url_of(live.lab, "audit")

    def grown() -> bool:
        state = (
            httpx2.get(f"{audit}/api/v1/trail/state", headers=live.lab.bearer(Role.AUDITOR))
            .raise_for_status()
            .json()
        )
        return state["size"] > TOLD["size"] + 5

    await until(grown, what="new records under a checkpoint")
    trail = Trail(live.lab.mongo_url)
    root = await StoredTree(trail).root(TOLD["size"])
    trail.close()
    assert root.hex() == TOLD["root"]
    verdict = await verdict_of(live.lab)
    assert (verdict.faults, verdict.lost, verdict.distrusted) == ([], 0, [])
