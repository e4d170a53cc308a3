"""A person acknowledges by link: looking does nothing, pressing does it once, and the page says the truth."""

from datetime import timedelta
from urllib.parse import urlsplit

import httpx2
import pytest

from fenghuo.gateway_lab import GatewayLab
from shared.facts import Acknowledgement, CaseAct, Effect, EffectKind, Name, Purpose, Reason
from shared.ids import CaseId
from shared.vocabulary import Kind, Language
from tests.lab import Lab, Running, until
from tests.notifier.decisions import Record, a_case, a_notice, decided

SETTLED = Effect(kind=EffectKind.DISCHARGED, why="acknowledged_in_time")


async def a_link(gateway: GatewayLab, record: Record, case: CaseId, **notice: object) -> str:
    await record.decide(decided(case, a_notice(case, **notice)))  # pyright: ignore[reportArgumentType] - builder words
    await record.outcomes(case, 1)
    [link] = {message.link or message.text for message in gateway.gateway.messages if case in message.id}
    return urlsplit(link[link.index("http") :].split()[0]).path


async def test_looking_acknowledges_nothing_and_pressing_does_it_once(
    notifier: Running, gateway: GatewayLab, record: Record
):
    case = a_case()
    path = await a_link(gateway, record, case)
    async with httpx2.AsyncClient(base_url=notifier.url) as client:
        page = await client.get(path)
        assert page.status_code == 200
        assert "望山县：煤矿透水，12人被困" in page.text
        assert "II级重大" in page.text
        assert "<button" in page.text
        assert "script" not in page.text
        assert (await client.head(path)).status_code == 200
        assert not await record.facts(case, Kind.ACKNOWLEDGED)

        early = await client.post(path)
        assert early.status_code == 202
        assert "已记录，尚未确认是否计入" in early.text
        assert 'http-equiv="refresh"' in early.text
        await record.decide_on(case, Kind.ACKNOWLEDGED, SETTLED)
        done, again, looked = await client.get(path), await client.post(path), await client.get(path)
        assert done.status_code == 200
        assert "已记录：赵甲已知悉" in done.text
        assert "已计入" in done.text
        assert again.text == done.text == looked.text, "the same time, however often it is pressed"

    [fact] = await record.facts(case, Kind.ACKNOWLEDGED)
    said = Acknowledgement.model_validate(fact.data)
    assert (said.person, said.via, said.by.principal, said.notice) == (
        "zhao_jia",
        "link",
        "zhao_jia",
        f"{case}.1.1",
    )


@pytest.mark.parametrize(
    ("why", "language", "said"),
    [
        ("case_is_closed", Language.ZH, "原因：事项已办结"),
        (Reason.ACT_SET_ASIDE, Language.EN, "A fault of the system"),
    ],
)
async def test_an_answer_that_does_not_count_is_told_so_with_whom_to_ring(
    notifier: Running, gateway: GatewayLab, record: Record, why: str, language: Language, said: str
):
    case = a_case()
    person = "zhao_jia" if language is Language.ZH else "qian_yi"
    channels = ("sms",) if language is Language.ZH else ("email",)
    path = await a_link(gateway, record, case, person=person, channels=channels, language=language)
    async with httpx2.AsyncClient(base_url=notifier.url) as client:
        assert (await client.post(path)).status_code == 202
        await record.decide_on(case, Kind.ACKNOWLEDGED, Effect(kind=EffectKind.REFUSED, why=why))
        for page in (await client.get(path), await client.post(path)):
            assert page.status_code == 409
            assert said in page.text
            assert ("值班室" if language is Language.ZH else "duty desk") in page.text
            assert "<button" not in page.text


async def test_who_may_not_put_it_off_any_more_is_told_so_and_may_still_acknowledge(
    notifier: Running, gateway: GatewayLab, record: Record
):
    case = a_case()
    path = await a_link(gateway, record, case)
    async with httpx2.AsyncClient(base_url=notifier.url) as client:
        await client.post(path, data={"choice": "later"})
        await record.decide_on(case, Kind.SNOOZED, Effect(kind=EffectKind.REFUSED, why="snoozed_too_often"))
        page = (await client.get(path)).text
        assert "不能推迟：推迟次数过多" in page
        assert "确认已知悉</button>" in page


async def test_pressed_twice_at_once_the_fact_stands_once(
    notifier: Running, gateway: GatewayLab, record: Record
):
    import asyncio

    case = a_case()
    path = await a_link(gateway, record, case)
    async with httpx2.AsyncClient(base_url=notifier.url) as client:
        pages = await asyncio.gather(*(client.post(path) for _ in range(6)))
    assert {page.status_code for page in pages} == {202}
    assert len({page.text for page in pages}) == 1
    assert len(await record.facts(case, Kind.ACKNOWLEDGED)) == 1


async def test_the_page_speaks_the_persons_language_and_lets_nothing_in(
    notifier: Running, gateway: GatewayLab, record: Record
):
    case = a_case()
    path = await a_link(
        gateway,
        record,
        case,
        person="qian_yi",
        channels=("email",),
        language=Language.EN,
        summary="<script>alert(1)</script>",
        exercise=True,
    )
    page = httpx2.get(notifier.url + path)
    assert ">Acknowledge: I know of it</button>" in page.text
    assert "I know, remind me in 10 min</button>" in page.text
    assert "[EXERCISE]" in page.text
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"


async def test_an_answer_to_a_later_notice_of_the_same_case_is_an_answer_of_its_own(
    notifier: Running, gateway: GatewayLab, record: Record
):
    case = a_case()
    await record.decide(decided(case, a_notice(case), a_notice(case, number=2, purpose=Purpose.REMINDER)))
    await record.outcomes(case, 2)
    for message in [one for one in gateway.gateway.messages if case in one.id]:
        assert message.link
        assert httpx2.post(notifier.url + urlsplit(message.link).path).status_code == 202
    assert len(await record.facts(case, Kind.ACKNOWLEDGED)) == 2


async def test_who_wants_to_be_reminded_later_says_so_once_and_has_acknowledged_nothing(
    notifier: Running, gateway: GatewayLab, record: Record
):
    case = a_case()
    path = await a_link(gateway, record, case, duties=("first_report-party_main",))
    async with httpx2.AsyncClient(base_url=notifier.url) as client:
        early = await client.post(path, data={"choice": "later"})
        assert early.status_code == 200
        assert "尚未确认是否有效" in early.text
        await record.decide_on(
            case, Kind.SNOOZED, Effect(kind=EffectKind.SNOOZED, why="knows_and_will_be_reminded")
        )
        later = await client.post(path, data={"choice": "later"})
        assert later.status_code == 200
        assert "再提醒您。时限不变" in later.text
        assert "后再提醒我" not in later.text
        assert "确认已知悉</button>" in (await client.get(path)).text
        assert not await record.facts(case, Kind.ACKNOWLEDGED)
        assert (await client.post(path)).status_code == 202
        await record.decide_on(case, Kind.ACKNOWLEDGED, SETTLED, is_shown=False)
        assert "已记录：赵甲已知悉" in (await client.post(path, data={"choice": "later"})).text

    [fact] = await record.facts(case, Kind.SNOOZED)
    said = CaseAct.model_validate(fact.data)
    assert (said.by.principal, said.by.unit, said.span, said.duty) == (
        "zhao_jia", "government", timedelta(minutes=10), "first_report-party_main",
    )  # fmt: skip
    assert len(await record.facts(case, Kind.ACKNOWLEDGED)) == 1


async def test_a_page_about_something_to_be_done_says_that_knowing_does_not_do_it(
    notifier: Running, gateway: GatewayLab, record: Record
):
    case = a_case()
    final = (Name(zh="终报", en="final report"),)
    path = await a_link(
        gateway,
        record,
        case,
        purpose=Purpose.DUTY,
        owes=final,
        owed_by=Name(zh="市水务局", en="Water Bureau"),
    )
    page = httpx2.get(notifier.url + path).text
    assert "市水务局待完成：终报" in page
    assert "确认只表示您已知悉；终报仍须完成" in page
    httpx2.post(notifier.url + path)
    await record.decide_on(case, Kind.ACKNOWLEDGED, Effect(kind=EffectKind.NOTED, why="knows_and_still_owes"))
    assert "仍须完成：终报" in httpx2.get(notifier.url + path).text


@pytest.mark.parametrize("language", ["zh-CN,zh;q=0.9", "en-GB"])
async def test_a_link_that_was_cut_or_changed_says_what_to_do(
    notifier: Running, gateway: GatewayLab, record: Record, language: str
):
    case = a_case()
    path = await a_link(gateway, record, case)
    for broken in (
        path[:-1],
        path[:20],
        path[:3] + path[3:].swapcase(),
        "/a/" + "A" * 26,
        "/a/" + "_" * 25 + "w",
        "/a/x",
        "/a/" + "~" * 5,
        "/a/%C3%A9~x",
    ):
        page = httpx2.post(notifier.url + broken, headers={"accept-language": language})
        assert page.status_code == 404, broken
        assert ("值班室" if language.startswith("zh") else "duty desk") in page.text
    assert not await record.facts(case, Kind.ACKNOWLEDGED)


@pytest.mark.parametrize("purpose", [Purpose.WITHDRAWN, Purpose.INFORM])
async def test_what_asks_for_nothing_has_no_link(
    notifier: Running, gateway: GatewayLab, record: Record, purpose: Purpose
):
    case = a_case()
    await record.decide(decided(case, a_notice(case, purpose=purpose)))
    await record.outcomes(case, 1)
    [message] = [one for one in gateway.gateway.messages if case in one.id]
    assert message.link is None
    assert "http" not in message.text


async def test_while_the_broker_is_away_the_page_does_not_claim_to_have_recorded(frail_lab: Lab):
    from tests.notifier.conftest import start_notifier, webhook_key
    from tests.notifier.decisions import record_of

    case = a_case()
    async with GatewayLab(webhook_key(frail_lab)) as gateway:
        notifier = await start_notifier(frail_lab, gateway)
        async with frail_lab.connection("admin") as connection:
            path = await a_link(gateway, await record_of(connection), case)
        frail_lab.kill_nats()
        async with httpx2.AsyncClient(base_url=notifier.url, timeout=15) as client:
            page = await client.post(path)
            assert page.status_code == 503
            assert "尚未记录" in page.text
            assert "<button" in page.text
            frail_lab.start_nats()

            async def recorded() -> bool:
                return (await client.post(path)).status_code == 202

            await until(recorded, what="recorded once the broker is back")


@pytest.mark.parametrize(
    "pressed",
    [
        {"choice": "accepted", "task": "t" * 9_000},
        {"choice": "notice_approved.maybe"},
        {"choice": "notice_approved.yes"},
        {"choice": "stated", "text": "我" * 1_000},
        {"choice": "reported.yes"},
    ],
)
async def test_a_button_that_the_page_does_not_have_records_no_act(
    notifier: Running, gateway: GatewayLab, record: Record, pressed: dict[str, str]
):
    case = a_case()
    path = await a_link(gateway, record, case)
    async with httpx2.AsyncClient(base_url=notifier.url) as client:
        shown = await client.post(path, data=pressed)
    assert shown.status_code in (200, 202), "the page, or the plain acknowledgement that a stray button is"
    assert not await record.facts(case, Kind.NOTICE_APPROVED, Kind.STATED, Kind.ACCEPTED, Kind.REPORTED)
