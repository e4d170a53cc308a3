"""Through the running system: a leader answers the mail from a mail program, another asks for the next one, words and
strangers reach the duty desk, a forged answer counts for nobody, a machine's answer rings nobody, and a mailbox that
is away loses no answer. Row 19.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import pytest
import pytest_asyncio

from fenghuo.gateway_messages import Received
from shared.case import DutyState
from shared.ids import PersonId, PostId
from tests.escalator.builders import example_directory
from tests.lab import until
from tests.notifier.conftest import CHANNELS
from tests.notifier.imap import PASSWORD, ImapServer, answer_to, imap_server
from tests.stories.live import GIVE_UP, Live, live_in

UNIT = "shaquan_government"
STRANGER = "villager@elsewhere.example"
WRITERS = (STRANGER, "qian.yi@elsewhere.example")
"""Nothing but their address is known of them: the duty desk reads it as it is."""
FIRST_LINE = "也可直接回复本邮件，第一行只写一个数字：1，知道；2，处理不了，请找下一位；3，请来电。"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mailbox() -> AsyncIterator[ImapServer]:
    async with imap_server() as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def live(tmp_path_factory: pytest.TempPathFactory, mailbox: ImapServer) -> AsyncIterator[Live]:
    folder = tmp_path_factory.mktemp("mail")
    (folder / "secrets").mkdir(mode=0o700)
    (folder / "secrets" / "mailbox-password").write_text(f"{PASSWORD}\n", encoding="utf-8")
    entry = (
        f"    replies: {{host: 127.0.0.1, port: {mailbox.port}, tls: false, user: duty, "
        "password_file: mailbox-password, every: PT1S}\n"
    )
    async with live_in(folder, CHANNELS + entry, told_by="[voice, sms, email]") as live:
        live.written += f" {WRITERS}"
        yield live


async def reported(live: Live, summary: str) -> str:
    return await live.report(UNIT, level="II", area="620621", summary=summary)


def address(person: str) -> str:
    channels = example_directory().people_by_id[PersonId(person)].channels
    return next(each.address for each in channels if each.channel == "email")


async def mail_to(live: Live, person: str, *words: str) -> Received:
    """The first mail to the person in which all of these words stand."""

    def such() -> Received | None:
        mails = [each for each in live.gateway.gateway.messages if each.to == address(person)]
        return next((mail for mail in mails if all(word in mail.text for word in words)), None)

    mail = await until(such, seconds=GIVE_UP, what=f"a mail to {person}: {' '.join(words)}")
    assert mail
    return mail


def quoted(mail: Received, words: str) -> str:
    lines = "\n".join(f"> {line}" for line in mail.text.split("\n"))
    return f"{words}\n\n在 2026年11月30日，烽火 <duty@wangfeng.example> 写道：\n{lines}\n"


async def taken(mailbox: ImapServer, number: int) -> None:
    await until(lambda: number in mailbox.seen, seconds=GIVE_UP, what="the mail is marked as read")


async def duty_is(live: Live, case: str, person: str, state: DutyState) -> bool:
    duties = (await live.case(case)).duties
    return any(duty.owed_to == person and duty.state is state for duty in duties)


def at_the_desk() -> str:
    return example_directory().holder_of(PostId("two_offices_duty"), datetime.now(UTC)).id


async def test_a_leader_answers_the_mail_and_reads_that_it_counts(live: Live, mailbox: ImapServer) -> None:
    case = await reported(live, "粮库粉尘爆炸")
    mail = await mail_to(live, "zhao_jia", "粮库粉尘爆炸", FIRST_LINE)
    assert FIRST_LINE in (mail.html or "")
    number = mailbox.put(
        answer_to(mail.data["message-id"], address("zhao_jia"), quoted(mail, "知道了\n\n赵甲\n市委"))
    )
    await taken(mailbox, number)
    assert await duty_is(live, case, "zhao_jia", DutyState.DISCHARGED), "stored before it is marked as read"
    told = await mail_to(live, "zhao_jia", "已计入", "您已知悉", "粮库粉尘爆炸")
    assert "第一行" not in told.text, "nothing more is asked"
    assert "已记录" in (await live.at_link("zhao_jia", case)).text, "the link's page shows the same answer"
    entries = [entry for entry in (await live.case(case)).log if entry.kind == "acknowledged"]
    assert [entry.data["via"] for entry in entries] == ["mail"]

    again = mailbox.put(answer_to(mail.data["message-id"], address("zhao_jia"), "1"))
    await taken(mailbox, again)
    entries = [entry for entry in (await live.case(case)).log if entry.kind == "acknowledged"]
    assert len(entries) == 1, "answered twice, it stands once"


async def test_two_by_mail_rings_the_next_and_nobody_is_called_silent(
    live: Live, mailbox: ImapServer
) -> None:
    case = await reported(live, "砖窑煤气中毒")
    mail = await mail_to(live, "zhao_jia", "砖窑煤气中毒")
    mailbox.put(answer_to(mail.data["message-id"], address("zhao_jia"), quoted(mail, "2")))
    asked = await live.hears("wu_ji", case, "请您接替", "砖窑煤气中毒")
    assert "赵甲答复无法处理" in asked
    assert "未应答" not in asked


async def test_words_and_strangers_are_read_by_the_duty_desk(live: Live, mailbox: ImapServer) -> None:
    case = await reported(live, "仓库失火")
    mail = await mail_to(live, "zhou_wu", "仓库失火")
    words = "我在开会，让王主任处理"
    mailbox.put(answer_to(mail.data["message-id"], address("zhou_wu"), quoted(mail, words)))
    assert "周戊" in await live.reads(at_the_desk(), case, words)
    assert "不算答复" in (await mail_to(live, "zhou_wu", "已转值班室")).text
    assert not await duty_is(live, case, "zhou_wu", DutyState.DISCHARGED)

    stranger = "河口村后山有裂缝，快来人"
    mailbox.put(answer_to("", STRANGER, stranger))
    read = await live.reads(at_the_desk(), None, "无法对应的回复", STRANGER, stranger)
    assert "email" not in read.replace(STRANGER, "")
    sent = [each.to for each in live.gateway.gateway.messages]
    assert STRANGER not in sent, "nothing is sent to whom nobody knows"


async def test_nobody_answers_for_another(live: Live, mailbox: ImapServer) -> None:
    case = await reported(live, "桥梁垮塌")
    mine = await mail_to(live, "sun_bing", "桥梁垮塌")
    theirs = await mail_to(live, "qian_yi", "桥梁垮塌")
    known, own = str(theirs.data["message-id"]), str(mine.data["message-id"])
    token = own.partition("@")[0].rpartition(".")[2]
    head, _, rest = known.partition("@")
    forged = [
        # in another's name, without their mail
        answer_to("", address("qian_yi"), "1"),
        answer_to(f"{head.rpartition('.')[0]}@{rest}", address("qian_yi"), "1"),
        # with a seal of another mail, and with one changed letter
        answer_to(f"{head.rpartition('.')[0]}.{token}@{rest}", address("qian_yi"), "1"),
        answer_to(f"{head[:-1]}{'A' if head[-1] != 'A' else 'B'}@{rest}", address("qian_yi"), "1"),
        # the whole mail, from an address that is not theirs
        answer_to(known, address("sun_bing"), "1"),
        answer_to(known, "qian.yi@elsewhere.example", "1"),
    ]
    for mail in forged:
        await taken(mailbox, mailbox.put(mail))
    assert not await duty_is(live, case, "qian_yi", DutyState.DISCHARGED)
    assert not await duty_is(live, case, "sun_bing", DutyState.DISCHARGED)
    await taken(mailbox, mailbox.put(answer_to(known, address("qian_yi"), "1")))
    assert await duty_is(live, case, "qian_yi", DutyState.DISCHARGED)


async def test_a_machines_answer_rings_nobody(live: Live, mailbox: ImapServer) -> None:
    case = await reported(live, "冷库氨气泄漏")
    mail = await mail_to(live, "zhao_jia", "冷库氨气泄漏")
    away = answer_to(
        mail.data["message-id"], address("zhao_jia"), "1 休假中，请联系他人", Auto_Submitted="auto-replied"
    )
    await taken(mailbox, mailbox.put(away))
    assert not await duty_is(live, case, "zhao_jia", DutyState.DISCHARGED)
    assert not [text for text in live.texts(at_the_desk()) if "休假中" in text]


async def test_a_mailbox_that_is_away_shows_on_the_light_and_loses_nothing(
    live: Live, mailbox: ImapServer
) -> None:
    case = await reported(live, "客车侧翻")
    mail = await mail_to(live, "sun_bing", "客车侧翻")
    mailbox.is_away = True
    number = mailbox.put(answer_to(mail.data["message-id"], address("sun_bing"), "1"))

    async def light() -> str:
        async with httpx2.AsyncClient() as http:
            return (await http.get(f"{live.notifier}/readyz")).json()["checks"]["mailbox"]

    async def is_dark() -> bool:
        return "no mail can be read" in await light()

    await until(is_dark, seconds=GIVE_UP, what="the light shows the mailbox")
    assert number not in mailbox.seen
    mailbox.is_away = False
    await taken(mailbox, number)
    assert await duty_is(live, case, "sun_bing", DutyState.DISCHARGED)

    async def is_bright() -> bool:
        return await light() == "ok"

    await until(is_bright, seconds=GIVE_UP, what="the light is back")
