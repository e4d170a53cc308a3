"""Through the running system: the second approver is rung with the text; once it is out, whoever comes reads the
public notice without login, and nothing else of its case. Row 24.
"""

import httpx2

from shared.vocabulary import Role
from tests.lab import until
from tests.stories.live import Live

ORGAN, UNIT, TEXT = "petition_office", "shaquan_government", "沙泉县拆违不力，予以通报"
FIRST, SECOND = "feng_ren", "wu_ji"


async def page(live: Live, path: str, language: str = "zh") -> httpx2.Response:
    async with httpx2.AsyncClient(base_url=live.http.base_url) as stranger:
        return await stranger.get(path, headers={"Accept-Language": language})


async def test_a_notice_goes_from_two_approvals_to_a_page_without_login(live: Live) -> None:
    task = {"title": "拆除违建", "unit": UNIT}
    case = await live.report(
        ORGAN,
        Role.SUPERVISOR,
        kind="supervision_order",
        category=None,
        area="620621",
        summary="督办沙泉县内部事项",
        tasks=[task],
    )
    assert await live.act(case, "draft-notice", ORGAN, Role.SUPERVISOR, text=TEXT) == "applied"
    await until(lambda: "duty" in live.rung(FIRST, case), what="the first approver is rung")
    assert (await page(live, f"/notices/{case}")).status_code == 404, "a draft is nobody's to read"
    approval = {"approve": True}
    assert (
        await live.act(case, "approve-notice", "discipline_organ", Role.DISCIPLINE, person=FIRST, **approval)
        == "applied"
    )
    await until(lambda: "duty" in live.rung(SECOND, case), what="the second approver is rung")
    heard = live.heard(SECOND, case)[0]
    assert "通报审批" in heard
    assert f"拟通报沙泉县人民政府（已批准 1/2），文稿：“{TEXT}”" in heard
    assert TEXT in (await live.at_link(SECOND, case, "duty")).text, "and reads it behind the link"
    assert (
        await live.act(case, "approve-notice", "party_office", Role.LEADER, person=SECOND, **approval)
        == "applied"
    )
    assert (await page(live, f"/notices/{case}")).status_code == 404, "the unit named may reply first"
    assert await live.act(case, "reply-notice", UNIT, text="汛期停工") == "applied"
    assert await live.act(case, "publish-notice", ORGAN, Role.SUPERVISOR) == "applied"

    published = (await live.case(case)).notice
    assert published
    assert published.published_at
    number = f"通报〔{published.published_at.year}〕{published.number}号"
    shown = (await page(live, f"/notices/{case}")).text
    for words in (TEXT, number, "主送：沙泉县人民政府", "市信访局<br>"):
        assert words in shown
    for words in ("汛期停工", "督办沙泉县内部事项", FIRST, SECOND, "拆除违建"):
        assert words not in shown, "of the case nothing else"
    assert number in (await page(live, "/notices")).text
    english = (await page(live, f"/notices/{case}", "en")).text
    assert f"notice {published.published_at.year}-{published.number}" in english
    assert "To: Government of Shaquan County" in english

    corrected = "更正：停工系汛期所致"
    assert await live.act(case, "correct", "discipline_organ", Role.DISCIPLINE, text=corrected) == "applied"
    assert corrected in (await page(live, f"/notices/{case}")).text
    assert "有更正" in (await page(live, "/notices")).text
