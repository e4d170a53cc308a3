"""A mailbox is read within bounds, and a mail is marked only when that is asked for."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest
from pydantic import ValidationError

from services.notifier.channels import MailboxAway, MailboxConfig, ReplyMailbox
from services.notifier.channels._mailbox import MAIL_LIMIT, MOST_MAILS
from services.notifier.channels.email import compose
from tests.notifier.channels.scripted import MESSAGE, message
from tests.notifier.imap import PASSWORD, ImapServer, answer_to, imap_server

KNOWN = MappingProxyType({"host": "127.0.0.1", "tls": False, "user": "duty", "password_file": "mail"})


def mailbox(server: ImapServer, password: str = PASSWORD) -> ReplyMailbox:
    return ReplyMailbox(MailboxConfig.model_validate({**KNOWN, "port": server.port}), password)


async def test_a_mail_is_read_as_often_as_it_is_not_marked() -> None:
    async with imap_server() as server:
        server.put(answer_to("<x@y>", "a@b.c", "1"))
        box = mailbox(server)
        [mail] = await box.unread()
        assert mail.raw == server.mails[0]
        assert [again.uid for again in await box.unread()] == [mail.uid]
        assert not server.seen
        await box.mark_read(mail)
        assert server.seen == {1}
        assert await box.unread() == []
        box.close()
    assert any(" ID " in line for line in server.heard), "large providers ask for it"


async def test_a_read_is_bounded_in_mails_and_bytes() -> None:
    async with imap_server() as server:
        for _ in range(MOST_MAILS + 5):
            server.put(b"From: a@b.c\r\n\r\n" + b"x" * (2 * MAIL_LIMIT))
        box = mailbox(server)
        mails = await box.unread()
        assert len(mails) == MOST_MAILS
        assert {len(mail.raw) for mail in mails} == {MAIL_LIMIT}
        server.lies = 2_000_000_000
        with pytest.raises(MailboxAway, match="2000000000 bytes"):
            await box.unread()
        box.close()


async def test_a_mailbox_that_is_away_or_refuses_us_says_where_to_look() -> None:
    async with imap_server() as server:
        server.put(b"From: a@b.c\r\n\r\n1")
        wrong = mailbox(server, "another word")
        with pytest.raises(MailboxAway, match="wrong user or password") as refused:
            await wrong.unread()
        assert "another word" not in str(refused.value)
        server.is_away = True
        box = mailbox(server)
        with pytest.raises(MailboxAway, match="see replies of the channel file"):
            await box.unread()
        server.is_away = False
        assert len(await box.unread()) == 1, "what lay there is read when it is back"
        box.close()


async def test_a_mailbox_that_hangs_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.notifier.channels._mailbox.LONGEST_READ", 0.3)

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    box = ReplyMailbox(
        MailboxConfig.model_validate({**KNOWN, "port": server.sockets[0].getsockname()[1]}), PASSWORD
    )
    with pytest.raises(MailboxAway, match="no answer in time"):
        await box.unread()
    box.close()
    server.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": 0},
        {"user": 'a"\r\nA1 DELETE INBOX'},
        {"folder": 'x" INBOX'},
        {"address": "no address"},
        {"address": "a@b.c\r\nBcc: d@e.f"},
        {"every": timedelta(0)},
        {"every": timedelta(days=1)},
        {"hots": "x"},
    ],
)
def test_what_the_file_says_of_it_is_bounded(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MailboxConfig.model_validate({**KNOWN, **wrong})


def replied() -> MailboxConfig:
    return MailboxConfig.model_validate({**KNOWN, "address": "answers@city.example"})


def test_a_mail_that_can_be_answered_carries_its_seal_and_no_other_does() -> None:
    token = "AAAAAAEAAAc8wZ3mDq5b8Qd2xY"
    sealed = replace(message("a@b.c"), link=f"https://fh.example/a/{token}", back="yes")
    mail = compose(sealed, "duty@city.example", replied())
    raw = mail.as_bytes().decode()
    assert f"Message-ID: <{MESSAGE.id}.{token}@city.example>" in raw.replace("\r\n ", " ").replace(
        ":  ", ": "
    )
    assert mail["Reply-To"] == "answers@city.example"
    for unsealed in (
        compose(sealed, "duty@city.example"),
        compose(replace(sealed, back=None), "duty@city.example", replied()),
        compose(replace(sealed, also=("a", "b")), "duty@city.example", replied()),
    ):
        assert token not in str(unsealed["Message-ID"])
