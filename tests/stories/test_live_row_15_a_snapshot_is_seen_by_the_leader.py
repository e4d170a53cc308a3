"""A snapshot of an external medium goes with the report, and whoever is rung opens it by the link. Rows 15, 16, 17.

Through the running services: uploaded, named by the report, listed on the page behind the link, opened from there.
"""

import hashlib

import httpx2

from shared.vocabulary import Role
from tests.intake.pictures import png
from tests.lab import until
from tests.stories.live import Live

UNIT = "wangshan_info_centre"


async def test_the_leader_who_is_rung_sees_the_snapshot_behind_the_link(live: Live) -> None:
    content = png(size=40)
    uploaded = await live.http.post(
        "/api/v1/files",
        content=content,
        params={"name": "外媒报道截图.png"},
        headers=live.lab.bearer(Role.REPORTER, unit=UNIT),
    )
    assert uploaded.status_code == 201, uploaded.text
    ref = uploaded.json()
    case = await live.report(UNIT, level="II", summary="外媒报道化工厂爆炸", files=[ref])
    (file,) = (await live.case(case)).files
    assert (file.sha256, file.name) == (hashlib.sha256(content).hexdigest(), "外媒报道截图.png")

    await until(lambda: _rung(live, case), what="a leader is rung, with a link")
    link = _rung(live, case)[0]
    async with httpx2.AsyncClient() as phone:
        page = await phone.get(link)
        assert page.status_code == 200
        assert "外媒报道截图.png" in page.text
        assert f"files/{ref['sha256']}" in page.text
        given = await phone.get(f"{link}/files/{ref['sha256']}")
        assert (given.status_code, given.content) == (200, content)
        assert given.headers["content-type"] == "image/png"
        assert "sandbox" in given.headers["content-security-policy"]
        assert (await phone.get(f"{link}/files/{'0' * 64}")).status_code == 404
        assert (await phone.get(f"{link[:-1]}x/files/{ref['sha256']}")).status_code == 404

        other = await live.report(UNIT, level="II", summary="另一起")
        await until(lambda: _rung(live, other), what="rung about the other")
        foreign = await phone.get(f"{_rung(live, other)[0]}/files/{ref['sha256']}")
        assert foreign.status_code == 404, "a link opens the files of its own case"

        assert (await phone.post(link)).status_code in (200, 202)
        assert "外媒报道截图.png" in (await phone.get(link)).text, "after the answer too"

    again = [{"sha256": ref["sha256"], "name": "再次.png"}]
    assert await live.act(case, "follow-up", UNIT, text="续报附现场图", files=again) == "applied"
    assert len((await live.case(case)).files) == 1, "the same content stands once"


def _rung(live: Live, case: str) -> list[str]:
    messages = live.gateway.gateway.messages
    return [one.link for one in messages if one.data.get("case") == case and one.link]
