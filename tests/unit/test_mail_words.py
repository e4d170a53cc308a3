"""Of a mail counts what its sender wrote: nothing it quotes, no signature, and nothing that a machine answers."""

from email.message import EmailMessage

import pytest

from services.notifier.answering.heard import heard
from services.notifier.answering.mail_words import NOTHING, read_mail

OURS = "【烽火·初报】城关区化工厂爆炸\n也可直接回复本邮件，第一行只写一个数字：1，知道\n2"
TOKEN = "AAAAAAEAAAc8wZ3mDq5b8Qd2xY"


def mail(text: str, **headers: str) -> EmailMessage:
    written = EmailMessage()
    written["From"] = "赵甲 <Zhao.Jia@wangfeng.example>"
    for name, value in headers.items():
        written[name.replace("_", "-")] = value
    written.set_content(text)
    return written


def quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


@pytest.mark.parametrize(
    ("text", "digit", "words"),
    [
        ("1", 1, "1"),
        ("知道了\n\n赵甲\n市政府办公室", 1, "知道了"),
        ("2 不属于我单位\n-- \n孙丙", 2, "2 不属于我单位"),
        (f"ok\n\nOn Mon, Nov 30, 2026 at 3:03 AM Fenghuo <duty@x.example> wrote:\n{quoted(OURS)}", 1, "ok"),
        (f"ok\n\nOn Mon, Nov 30, 2026 at 3:03 AM\nFenghuo <duty@x.example> wrote:\n{quoted(OURS)}", 1, "ok"),
        (f"在 2026年11月30日，烽火 <duty@x.example> 写道：\n{quoted(OURS)}\n\n3", 3, "3"),
        (f"收到\n\n------------------ 原始邮件 ------------------\n发件人: 烽火\n{OURS}", 1, "收到"),
        (f"1\n发自我的iPhone\n\n-----Original Message-----\n{OURS}", 1, "1"),
        (f"请来电\n\n________________________________\nFrom: Fenghuo\n{OURS}", 3, "请来电"),
        ("知道了\n但我去不了", None, "知道了 但我去不了"),
        (f"发件人：烽火\n{OURS}", None, NOTHING),
        (f"On Monday Fenghuo wrote:\n{OURS}", None, NOTHING),
        ("", None, NOTHING),
        ("1\u202e\x1b[2J", 1, "1[2J"),
    ],
)
def test_what_is_written_is_told_from_what_is_quoted(text: str, digit: int | None, words: str) -> None:
    raw = mail(text).as_bytes() if "\x1b" not in text else b"From: a@b.c\n\n" + text.encode()
    read = read_mail(raw)
    assert read.words == words
    assert heard(read.words).digit == digit


def test_a_mail_in_html_alone_and_in_gbk_is_read() -> None:
    written = mail("")
    written.set_content(
        f"<div>收到</div><div><br></div><blockquote>{OURS}</blockquote><style>1</style>",
        subtype="html",
        charset="gbk",
    )
    assert read_mail(written.as_bytes()).words == "收到"


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied (vacation)"},
        {"Precedence": "bulk"},
        {"Precedence": "auto_reply"},
        {"X_Autoreply": "yes"},
        {"Return_Path": "<>"},
    ],
)
def test_a_machine_has_read_nothing(headers: dict[str, str]) -> None:
    assert read_mail(mail("1", **headers).as_bytes()).is_automatic


def test_a_person_is_no_machine() -> None:
    read = read_mail(mail("1", Auto_Submitted="no", Return_Path="<zhao.jia@wangfeng.example>").as_bytes())
    assert not read.is_automatic
    assert read.sender == "zhao.jia@wangfeng.example"


def test_the_nearest_mail_of_ours_is_looked_at_first() -> None:
    other = TOKEN[:-1] + "Z"
    references = f"<a.{other}@x.example> <foreign@y.example> <b.{TOKEN}@x.example>"
    read = read_mail(mail("1", In_Reply_To=f"<b.{TOKEN}@x.example>", References=references).as_bytes())
    assert read.tokens == (TOKEN, other)
    flood = " ".join(f"<m.{n:026}@x.example>" for n in range(2000))
    assert len(read_mail(mail("1", References=flood).as_bytes()).tokens) == 10


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00" * 100,
        b"From: a@b.c, d@e.f\n\n1",
        b"From: a@b.c\nFrom: d@e.f\n\n1",
        b"Content-Type: text/plain; charset=no-such\n\n1",
        b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Transfer-Encoding: base64\n\n!!!",
        b"From: =?x?q?=FF?=\nContent-Type: text/html\n\n<" + b"<p" * 30_000,
        b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\n" * 10_000,
    ],
)
def test_nothing_that_a_stranger_sends_fails(raw: bytes) -> None:
    read = read_mail(raw)
    assert not read.sender
    assert 0 < len(read.words) <= 500
