"""A shift is exchanged on the page of the roster: both are told, whoever agreed stands on record, and the calendar behind
each one's secret address follows. Row 25.
"""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta

import httpx2
from icalendar import Calendar
from typer.testing import CliRunner

from fenghuo.commands.token import app
from shared.broker.walk import walk
from shared.directory import load_directory
from shared.facts import Fact
from shared.ids import PersonId, RosterId
from shared.streams import FACTS
from shared.vocabulary import Kind, Role
from tests.escalator.builders import example_directory
from tests.lab import until
from tests.stories.live import Json, Live

ROSTER, UNIT, ABOVE = "web_watch", "website_office", "gov_office"


async def test_two_exchange_their_shifts_and_a_second_person_agrees(live: Live) -> None:
    roster = load_directory(live.lab.directory).rosters_by_id[RosterId(ROSTER)]
    now = datetime.now(UTC)
    first, second = [shift for shift in roster.shifts(now, now + timedelta(days=5)) if shift.starts_at > now][
        :2
    ]
    assert first.person != second.person
    issued = {
        person: await command(live, "calendar", "--person", person)
        for person in (first.person, second.person)
    }
    feeds = {person: answer["address"] for person, answer in issued.items()}
    assert await shift_starts(live, feeds[first.person], first.starts_at)
    assert not await shift_starts(live, feeds[second.person], first.starts_at)

    supervisor = {
        "Cookie": f"fenghuo_token={live.lab.token(Role.SUPERVISOR, unit=UNIT)}",
        "Accept-Language": "zh",
    }
    page = await live.http.get("/roster", params={"roster": ROSTER}, headers=supervisor)
    assert "代班、换班" in page.text
    asked = {
        "shift": first.starts_at.isoformat(),
        "person": second.person,
        "in_return": second.starts_at.isoformat(),
        "why": "家中有事",
    }
    own = {**supervisor, "Sec-Fetch-Site": "same-origin"}
    wrong = await live.http.post(
        f"/roster/{ROSTER}/shifts", data={**asked, "in_return": first.starts_at.isoformat()}, headers=own
    )
    assert wrong.status_code == 422
    assert "不是代班人的班次" in wrong.text
    odd = await live.http.post(f"/roster/{ROSTER}/shifts", data={**asked, "why": "家\u202e中"}, headers=own)
    assert odd.status_code == 422, "a letter that can't be seen is a fault of the form, and none of ours"
    taken = await live.http.post(f"/roster/{ROSTER}/shifts", data=asked, headers=own)
    assert (taken.status_code, taken.headers["location"]) == (303, "/roster?said=shift"), taken.text

    leaves, takes = (name_of(one.person) for one in (first, second))
    said = await live.reads(first.person, None, f"不再由您值守，改由{takes}值守")
    said_to_other = await live.reads(second.person, None, f"由您值守（接替{leaves}）")
    assert all("变更人：督办人员" in text and "事由：家中有事" in text for text in (said, said_to_other))
    await until(
        lambda: shift_starts(live, feeds[second.person], first.starts_at), what="the calendar follows"
    )
    assert await shift_starts(live, feeds[first.person], second.starts_at)
    assert not await shift_starts(live, feeds[first.person], first.starts_at)

    later = {"shift": second.starts_at.isoformat(), "person": second.person, "why": "再换回来"}
    waits = await live.http.post(f"/roster/{ROSTER}/shifts", data=later, headers=own)
    assert waits.headers["location"] == "/roster?said=proposed", "more than a shift takes a second person"
    leader = {
        "Cookie": f"fenghuo_token={live.lab.token(Role.SUPERVISOR, unit=ABOVE, subject='above')}",
        "Accept-Language": "zh",
    }
    offered = await live.http.get("/roster", headers=leader)
    assert "再换回来" in offered.text
    found = re.search(r"/roster/proposals/([^/]+)/approve", offered.text)
    assert found
    agreed = await live.http.post(found[0], headers={**leader, "Sec-Fetch-Site": "same-origin"})
    assert agreed.headers["location"] == "/roster?said=approve"
    changed = (await _changes(live))[-1]
    assert changed.data["by"]["unit"] == UNIT
    assert changed.data["approved_by"]["unit"] == ABOVE, "who agreed stands on record"
    await until(lambda: "同意人：督办人员" in texts(live, second.person)[-1], what="and they hear who agreed")

    bare = await live.http.get(
        "/api/v1/cases",
        headers={"Authorization": f"Bearer {feeds[first.person].rpartition('/')[2].removesuffix('.ics')}"},
    )
    assert bare.status_code == 401, "the address opens the calendar and nothing else"
    token = live.lab.token(Role.DUTY_OFFICER, person=first.person)
    assert (await live.http.get(f"/calendar/{token}.ics")).status_code == 404, (
        "nor does a token open a calendar"
    )
    await command(live, "revoke", issued[first.person]["id"])
    await until(lambda: _is_gone(live, feeds[first.person]), what="taken back, it ends at once")
    assert (await live.http.get(feeds[second.person])).status_code == 200


async def command(live: Live, *arguments: str) -> Json:
    """The operator's command."""
    env = {
        **live.lab.environment("admin"),
        "FENGHUO_SECRETS_DIR": str(live.lab.secrets),
        "FENGHUO_INTAKE_URL": str(live.http.base_url).rstrip("/"),
    }
    done = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--json"], env=env)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


async def shift_starts(live: Live, feed: str, at: datetime) -> bool:
    """Without any login."""
    async with httpx2.AsyncClient() as stranger:
        answer = await stranger.get(feed)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/calendar")
    calendar = Calendar.from_ical(answer.content)
    assert isinstance(calendar, Calendar)
    return at in [event.start for event in calendar.events]


def texts(live: Live, person: PersonId) -> list[str]:
    numbers = {one.address for one in example_directory().people_by_id[person].channels}
    messages = live.gateway.gateway.messages
    said = [str(one.data.get("text")) for one in messages if one.to in numbers]
    return [text for text in said if "值" in text]


def name_of(person: PersonId) -> str:
    return example_directory().people_by_id[person].name.zh


async def _changes(live: Live) -> list[Fact]:
    async with live.lab.connection("admin") as admin:
        facts = walk(lambda: admin, FACTS, f"fact.*.{Kind.DIRECTORY_CHANGED}")
        return [Fact.read(message.data) async for message in facts]


async def _is_gone(live: Live, feed: str) -> bool:
    return (await live.http.get(feed)).status_code == 404
