"""Through the running system: a leader answers by SMS at night, another presses 2 in the call and the next is rung;
who writes what nobody understands, and a stranger, are read by the duty desk; a forged call-back is refused. Row 19.
"""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial

import httpx2
import pytest
import pytest_asyncio

from fenghuo.gateway_state import Mode
from services.notifier.messages.keys import code_of
from shared.case import DutyState
from shared.ids import CaseId, PersonId, PostId
from shared.standing import own_watch, standing_case
from shared.vocabulary import Role
from tests.escalator.builders import example_directory
from tests.lab import until
from tests.notifier.conftest import start_notifier
from tests.stories.live import Live, live_in

UNIT = "shaquan_government"
QIAN = PersonId("qian_yi")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def live(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    """A system whose gateway brings back what people answer."""
    async with live_in(tmp_path_factory.mktemp("replies"), FENGHUO_GATEWAY_REPLIES="true") as live:
        yield live


async def reported(live: Live, summary: str) -> str:
    return await live.report(UNIT, level="II", area="620621", summary=summary)


def at_the_desk() -> str:
    """Whose shift it is at the duty desk."""
    return example_directory().holder_of(PostId("two_offices_duty"), datetime.now(UTC)).id


async def duty_is(live: Live, case: str, person: str, state: DutyState) -> bool:
    duties = (await live.case(case)).duties
    return any(duty.owed_to == person and duty.state is state for duty in duties)


async def test_a_leader_answers_by_one_digit_and_reads_that_it_counts(live: Live) -> None:
    case = await reported(live, "面粉厂粉尘爆炸")
    read = await live.reads("zhao_jia", case, "面粉厂粉尘爆炸")
    assert "回1知道 回2请找下一位 回3请来电，或打开：http" in read
    heard = await live.hears("zhao_jia", case, "面粉厂粉尘爆炸")
    assert "知道了请按1，处理不了请按2，请来电请按3" in heard

    answer = await live.replies("zhao_jia", case, "1")
    assert answer.status_code == 202, answer.text
    assert await duty_is(live, case, "zhao_jia", DutyState.DISCHARGED)
    told = await live.reads("zhao_jia", None, "已计入", "您已知悉", "面粉厂粉尘爆炸")
    assert "回1" not in told, "nothing more is asked"
    page = (await live.at_link("zhao_jia", case)).text
    assert "已记录" in page, "the link's page shows the same answer"
    entry = next(entry for entry in (await live.case(case)).log if entry.kind == "acknowledged")
    assert entry.data["via"] == "message"

    again = await live.replies("zhao_jia", case, "1")
    assert again.status_code == 202
    acknowledged = [entry for entry in (await live.case(case)).log if entry.kind == "acknowledged"]
    assert len(acknowledged) == 1, "answered twice, it stands once"
    said = {"qian_yi": "1 我已在路上", "sun_bing": "收到", "zhou_wu": "收到", "li_ding": "ok"}
    for leader, words in said.items():
        assert (await live.replies(leader, case, words)).status_code == 202
    log = (await live.case(case)).log
    texts = {entry.data["person"]: entry.text for entry in log if entry.kind == "acknowledged"}
    assert texts["qian_yi"] == "我已在路上", "what stands behind the digit is on record"
    assert texts["sun_bing"] is None


async def test_two_in_the_call_rings_the_next_and_nobody_is_called_silent(live: Live) -> None:
    case = await reported(live, "砖厂煤气中毒")
    await live.hears("zhao_jia", case, "砖厂煤气中毒")
    answer = await live.presses("zhao_jia", case, "2")
    assert answer.status_code == 202, answer.text
    asked = await live.hears("wu_ji", case, "请您接替", "砖厂煤气中毒")
    assert "赵甲答复无法处理" in asked
    assert "未应答" not in asked
    told = await live.reads("zhao_jia", None, "正在呼叫下一位", "砖厂煤气中毒")
    assert "已计入" in told
    await live.presses("wu_ji", case, "1")
    settled = await live.reads("zhao_jia", case, "已代接")
    assert "您已答复无法处理，吴己已代您接报" in settled
    assert "未能联系上" not in settled


async def test_the_page_offers_what_the_digits_do(live: Live) -> None:
    case = await reported(live, "烟花库冒烟")
    await live.reads("zhao_jia", case, "烟花库冒烟")
    page = (await live.at_link("zhao_jia", case)).text
    know, cannot, ring = (
        page.index(words) for words in (">确认已知悉<", ">我处理不了，请呼叫下一位<", ">请给我回电<")
    )
    assert know < cannot < ring, "what is asked comes first"
    passed = await live.at_link("zhao_jia", case, choice="passed_on")
    assert "无法处理，已请呼叫下一位" in passed.text
    assert "不记作您未应答" in passed.text
    asked = await live.hears("wu_ji", case, "请您接替", "烟花库冒烟")
    assert "赵甲答复无法处理" in asked
    page = (await live.at_link("qian_yi", case)).text
    assert "赵甲（市委书记）：答复无法处理" in page, "whoever opens it later sees how it stands"
    assert "孙丙（" in page
    assert "若无人应答，" in page
    rung = await live.at_link("sun_bing", case, choice="call_asked")
    assert "已请值班室回电" in rung.text
    assert "+860000000103" in await live.reads(at_the_desk(), case, "请值班室回电", "烟花库冒烟", "孙丙")
    assert not await duty_is(live, case, "sun_bing", DutyState.DISCHARGED), "it is no answer"
    await live.at_link("qian_yi", case, choice="")


async def test_three_and_what_a_person_must_read_go_to_the_duty_desk(live: Live) -> None:
    case = await reported(live, "仓库起火")
    await live.reads("sun_bing", case, "仓库起火")
    await live.reads("zhou_wu", case, "仓库起火")
    await live.replies("sun_bing", case, "3")
    desk = at_the_desk()
    assert "+860000000103" in await live.reads(desk, case, "请值班室回电", "仓库起火", "孙丙"), "whom to ring"
    await live.replies("zhou_wu", case, "我在开会，让王主任处理")
    assert "周戊" in await live.reads(desk, case, "我在开会，让王主任处理")
    told = await live.reads("zhou_wu", None, "已转值班室")
    assert "不算答复" in told
    assert not await duty_is(live, case, "zhou_wu", DutyState.DISCHARGED), "it counts as no answer"
    await live.at_link("qian_yi", case, choice="")


async def test_two_messages_to_one_telephone_are_told_apart_by_a_digit(live: Live) -> None:
    first = await reported(live, "桥梁垮塌")
    await live.reads("qian_yi", first, "桥梁垮塌")
    second = await reported(live, "客车侧翻")
    while code_of(CaseId(second), QIAN) == code_of(
        CaseId(first), QIAN
    ):  # one of seventy times the link alone answers
        await live.reads("qian_yi", second, "客车侧翻")
        await live.at_link("qian_yi", second, choice="")
        second = await reported(live, "客车侧翻")
    read = await live.reads("qian_yi", second, "客车侧翻")
    code = read.partition("回1")[2][:2]
    assert code.isdigit(), read
    bare = await live.replies("qian_yi", second, "1")
    assert bare.status_code == 202
    which = await live.reads("qian_yi", None, "有几条消息等待您答复", "桥梁垮塌", "客车侧翻")
    assert f"1{code}" in which
    assert not await duty_is(live, first, "qian_yi", DutyState.DISCHARGED)
    assert not await duty_is(live, second, "qian_yi", DutyState.DISCHARGED)
    await live.replies("qian_yi", second, f"1{code}")
    assert await duty_is(live, second, "qian_yi", DutyState.DISCHARGED)
    assert not await duty_is(live, first, "qian_yi", DutyState.DISCHARGED)


async def test_a_stranger_is_read_by_the_duty_desk(live: Live) -> None:
    words = "河口村后山有裂缝，快来人"
    for own in ("stranger-1", "stranger-1"):
        answer = await live.gateway.gateway.call_back(
            "sms", {"from": "+860009990001", "text": words}, own_id=own
        )
        assert answer.status_code == 202, answer.text
    case = answer.json()["case"]
    read = await live.reads(at_the_desk(), case, "无法对应的回复", "+860009990001", words)
    line = next(line for line in read.splitlines() if "无法对应" in line)
    assert "报告" not in line.partition("http")[0].partition("无法对应")[0]
    stray = [entry for entry in (await live.case(case)).log if entry.kind == "stray_reply"]
    assert len(stray) == 1, "brought twice, kept once"
    assert not [message for message in live.gateway.gateway.messages if message.to == "+860009990001"]


async def test_a_forged_call_back_is_refused_and_counted(live: Live) -> None:
    assert live.running_notifier is not None
    forged = "whsec_" + "A" * 44
    answer = await live.gateway.gateway.call_back("sms", {"from": "+860000000101", "text": "1"}, key=forged)
    assert answer.status_code == 401
    async with httpx2.AsyncClient() as http:
        metrics = (await http.get(f"{live.running_notifier.url}/metrics")).text
        assert (await http.get(f"{live.running_notifier.url}/api/v1/call-backs/sms")).status_code == 405
    assert 'call_backs_refused_total{channel="sms",reason="signature"} 1.0' in metrics


async def test_a_roll_call_names_whom_an_emergency_would_not_find(live: Live) -> None:
    """Two answer by link, one by a digit, one in words; one number is dead, one person is silent."""
    case, dead, silent = (
        standing_case("roll_call", own_watch("roll_call", "government")),
        "peng_run",
        "lang_yu",
    )
    for address in live.directory.people_by_id[PersonId(dead)].channels:
        live.gateway.gateway.command(address.address, Mode.REFUSE)
    live.gateway.gateway.command("wei.sui@", Mode.REFUSE)
    begin = partial(live.act, case, "roll-call", "emergency_office", Role.DUTY_OFFICER, person="zhang_lai")
    assert await begin() == "refused", "beside the emergencies of the other stories it needs a reason"
    assert await begin(text="节前点名") == "applied"
    other = standing_case("roll_call", own_watch("roll_call", "wangshan_emergency"))
    await live.act(
        other, "roll-call", "emergency_office", Role.DUTY_OFFICER, person="zhang_lai", text="节前点名"
    )
    read = await live.reads(silent, case, "【烽火·测试】这是联络测试，没有任何事情发生", "回复1")
    assert "紧急" not in read
    await live.reads("lu_cheng", case, "[Fenghuo, test] This is a test", "Nothing has happened", "Reply 1")
    assert "请按1" in await live.hears("wei_sui", case, "这是联络测试")
    await live.reads("li_ding", case, "This is a test")
    await live.reads("qian_yi", case, "联络测试")

    assert "没有任何事情发生" in (await live.at_link("qian_yi", case)).text
    assert "钱乙能够联系上" in (await live.at_link("qian_yi", case, choice="")).text
    real = await live.report(UNIT, level="II", category="public_security", area="620621", summary="车站聚集")
    await live.reads("lu_cheng", real, "车站聚集")
    assert (await live.replies("lu_cheng", real, "1")).status_code == 202
    assert await duty_is(live, real, "lu_cheng", DutyState.DISCHARGED), "a test is never in the way"
    assert await duty_is(live, case, "lu_cheng", DutyState.OPEN)
    assert (await live.replies("lu_cheng", case, "1")).status_code == 202
    assert (await live.replies("wei_sui", case, "我在，请讲")).status_code == 202
    assert "can be reached" in (await live.at_link("li_ding", case, choice="")).text
    assert "you can be reached" in await live.reads("lu_cheng", None, "[Fenghuo, test] Counted")

    told = await live.reads("zhou_wu", None, "点名未答复", "望烽市人民政府", "望山县应急管理局")
    assert "4/6 人已答复。各渠道均未送达：彭闰。未答复：郎余。" in told, told
    assert "0/1 人已答复" in told, "those that end together are one message"
    page = await live.desk("/roll-call", "emergency_office", person="zhang_lai")
    missing = set(re.findall(r'data-person="(\w+)" data-reach="(\w+)"', page))
    assert missing == {
        (dead, "unreachable"),
        (silent, "silent"),
        ("tao_ri", "silent"),
        ("wei_sui", "answered"),
    }
    record = await live.desk(f"/cases/{case}", "emergency_office", person="zhang_lai")
    for words in (
        "发起联络点名",
        "节前点名",
        "发送联络点名测试",
        "未在时限内答复联络点名（不追究责任）：彭闰、郎余",
    ):
        assert words in record, words
    assert not any(duty.lapse for duty in (await live.case(case)).duties), "nobody is held to a test"


async def test_what_was_stored_before_the_notifier_died_is_not_done_twice(live: Live) -> None:
    case = await reported(live, "电梯坠落")
    await live.reads("zhao_jia", case, "电梯坠落")

    async def is_on_record() -> bool:
        lit = [lit for duty in (await live.case(case)).duties for lit in duty.lit]
        return any(one.person == "zhao_jia" and "sms" in one.delivered for one in lit)

    await until(is_on_record, what="the message is on record")
    said = {"from": live.last("zhao_jia", case, "sms").to, "text": "2"}
    code = live.last("zhao_jia", case, "sms").text.partition("回2")[2][:2]
    said["text"] += code if code.isdigit() else ""
    assert live.running_notifier is not None
    live.running_notifier.kill()
    with pytest.raises(httpx2.HTTPError):
        await live.gateway.gateway.call_back("sms", said, own_id="kill-1")
    live.running_notifier = await start_notifier(
        live.lab,
        live.gateway,
        FENGHUO_DIRECTORY=str(live.lab.directory),
        FENGHUO_GATEWAY_REPLIES="true",
    )
    live.gateway.gateway.notifier = live.running_notifier.url

    async def taken() -> bool:
        try:
            return (await live.gateway.gateway.call_back("sms", said, own_id="kill-1")).status_code == 202
        except httpx2.HTTPError:
            return False

    await until(taken, what="the gateway's next try is taken")
    assert await taken(), "and the one after it"
    passed = [entry for entry in (await live.case(case)).log if entry.kind == "passed_on"]
    assert len(passed) == 1
