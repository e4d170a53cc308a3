"""Through the running system: whoever is asked to approve a public notice does it by the link, or sends it back with a
reason; a deputy reads for whom they answer; a link that is opened late says what happened meanwhile. Row 24.
"""

from datetime import UTC, datetime, timedelta

from shared.facts import CaseAct
from shared.ids import CaseId
from shared.vocabulary import Kind, Role
from tests.lab import until
from tests.notifier.decisions import Record
from tests.stories.live import Live

ORGAN, UNIT = "petition_office", "shaquan_government"
FIRST, AWAY, DEPUTY, HEAD = "feng_ren", "wu_ji", "xie_ze", "chen_gui"
"""The approvers in turn: the discipline organ, the secretary-general (who is away), his deputy; and whose draft it is."""
TEXT, BETTER, REASON = "沙泉县拆违不力，予以通报", "沙泉县逾期未拆除违建，予以通报", "事实不清，请写明期限"


async def drafted(live: Live) -> str:
    case = await live.report(
        ORGAN,
        Role.SUPERVISOR,
        kind="supervision_order",
        category=None,
        area="620621",
        summary="督办沙泉县拆违",
        tasks=[{"title": "拆除违建", "unit": UNIT}],
    )
    assert await live.act(case, "draft-notice", ORGAN, Role.SUPERVISOR, text=TEXT) == "applied"
    await until(lambda: live.link(FIRST, case, "duty"), what="the first approver is rung")
    return case


async def test_a_notice_is_approved_and_sent_back_by_link(live: Live) -> None:
    now = datetime.now(UTC)
    absence = {"from": now.isoformat(), "until": (now + timedelta(seconds=30)).isoformat(), "reason": "出差"}
    await live.change({"op": "set_absence", "person": AWAY, "absence": absence})
    case = await drafted(live)

    page = await live.at_link(FIRST, case, "duty")
    assert TEXT in page.text
    assert "您以市纪委监委值班领导身份答复" in page.text
    assert (await live.case(case)).notice is not None
    approved = await live.at_link(FIRST, case, "duty", choice="notice_approved.yes")
    assert "已记录：冯壬已批准" in approved.text

    await until(lambda: live.link(DEPUTY, case, "duty"), what="the deputy of the second approver is rung")
    heard = live.heard(DEPUTY, case)[0]
    assert f"拟通报沙泉县人民政府（已批准 1/2），文稿：“{TEXT}”" in heard
    assert "您代市委秘书长吴己答复" in heard
    page = await live.at_link(DEPUTY, case, "duty")
    assert "您代市委秘书长吴己答复" in page.text
    await live.change({"op": "end_absence", "person": AWAY, "at": datetime.now(UTC).isoformat()})
    unsaid = await live.at_link(DEPUTY, case, "duty", choice="notice_approved.no", text=" ")
    assert unsaid.status_code == 422
    assert "必填" in unsaid.text
    back = await live.at_link(DEPUTY, case, "duty", choice="notice_approved.no", text=REASON)
    assert "已退回，并写明理由" in back.text
    assert (await live.case(case)).notice is None, "nothing goes out"

    told = await until(
        lambda: next((text for text in live.texts(HEAD, case) if "通报退回" in text), None), what="told why"
    )
    assert told
    assert REASON in told
    async with live.lab.connection("admin") as admin:
        facts = await Record(admin.jetstream(), start=1).facts(CaseId(case), Kind.NOTICE_APPROVED)
    said = [CaseAct.model_validate(fact.data) for fact in facts]
    assert [(act.by.who, act.post, act.approve) for act in said] == [
        (FIRST, "discipline", True),
        (DEPUTY, "secretary_general", False),
    ], "the record has for which post they answered"

    old = live.link(FIRST, case, "duty")
    assert old
    assert await live.act(case, "draft-notice", ORGAN, Role.SUPERVISOR, text=BETTER) == "applied"
    await until(lambda: live.link(FIRST, case, "duty") != old, what="the first approver is asked anew")
    late = await live.opened(old)
    assert "已完成：通报审批" in late.text
    assert f"未批准通报（{REASON}）" in late.text, "the old link says what happened meanwhile"
    assert "notice_approved.yes" not in late.text, "and asks nothing again"
    await live.opened(old, choice="notice_approved.yes")
    notice = (await live.case(case)).notice
    assert notice is not None
    assert notice.approvals == (), "nor does it approve the new draft"
