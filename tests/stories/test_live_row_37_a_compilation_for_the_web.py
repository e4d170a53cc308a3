"""Through the running system: a special case has its leader by name; what was done for it is compiled, approved by two,
and then read by everybody without login. Rows 37, 38.
"""

import html
import re
from datetime import UTC, datetime

import httpx2

from shared.vocabulary import Role
from tests.lab import until
from tests.stories.live import Live

OFFICE, COUNTY, LEADER = "party_office", "shaquan_government", "wu_ji"
FIRST, SECOND = "pan_qiu", "wu_ji"
"""The head of Publicity and the secretary-general approve what the office has compiled."""


async def test_what_was_done_is_compiled_from_the_case_approved_by_two_and_read_by_everybody(
    live: Live,
) -> None:
    task = {"title": "化解改制职工安置积案", "unit": COUNTY, "owner": LEADER, "within": "P30D"}
    special = await live.report(
        OFFICE,
        Role.LEADER,
        kind="task",
        category=None,
        area="620621",
        summary="改制职工安置积案",
        tasks=[task],
    )
    await until(lambda: live.heard(LEADER, special), what="the leader named is rung, and no other")
    assert "化解改制职工安置积案" in live.heard(LEADER, special)[0]
    assert not live.heard("yan_yu", special), "not the head of the unit"
    done = await live.act(special, "complete", COUNTY, task="t1", text="126名职工安置到位")
    assert done == "applied"
    await live.act(special, "verify", OFFICE, Role.LEADER, task="t1", text="属实")
    await live.act(special, "close", OFFICE, Role.LEADER, text="息诉罢访")

    assert "/report?kind=publication&amp;topic=compilation" in await live.desk(
        f"/cases/{special}", OFFICE, Role.LEADER
    )
    form = await live.desk(
        f"/report?kind=publication&topic=compilation&parent={special}", OFFICE, Role.LEADER
    )
    found = re.search(r'<textarea id="details"[^>]*>(.*?)</textarea>', form, re.DOTALL)
    assert found
    text = html.unescape(found[1]).strip()
    for words in ("沙泉县人民政府", "126名职工安置到位", "息诉罢访", "办理措施", "办理结果"):
        assert words in text, (words, text)
    now = datetime.now(UTC).isoformat()
    publication = {
        "kind": "publication",
        "topic": "compilation",
        "unit": "propaganda",
        "area": "620621",
        "occurred_at": now,
        "learned_at": now,
        "parent": special,
        "summary": "改制职工安置积案办理情况",
        "details": text,
    }
    answer = await live.http.post(
        "/api/v1/reports",
        json=publication,
        headers=live.lab.bearer(Role.LEADER, unit=OFFICE, person="xie_ze"),
    )
    assert answer.status_code == 201, answer.text
    case = answer.json()["case"]
    address = f"/compilations/{case}"
    async with httpx2.AsyncClient(base_url=str(live.http.base_url)) as stranger:
        assert (await stranger.get(address)).status_code == 404, "not before it is approved"
        await until(lambda: live.link(FIRST, case, "duty"), what="the first approver is rung with the text")
        assert "126名职工安置到位" in (await live.at_link(FIRST, case, "duty")).text
        await live.at_link(FIRST, case, "duty", choice="text_approved.yes")
        assert (await stranger.get(address)).status_code == 404, "one approval is not enough"
        await until(lambda: live.link(SECOND, case, "duty"), what="the second approver is rung")
        await live.at_link(SECOND, case, "duty", choice="text_approved.yes")

        async def out() -> str | None:
            page = await stranger.get(address, headers={"Accept-Language": "zh"})
            return page.text if page.status_code == 200 else None

        page = await until(out, what="it is out")
        assert page
        for words in ("改制职工安置积案办理情况", "126名职工安置到位", "市委宣传部"):
            assert words in page, words
        assert special not in page, "of the case behind it nothing else"
        listed = (await stranger.get("/compilations", headers={"Accept-Language": "zh"})).text
        assert address in listed
