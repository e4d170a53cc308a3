"""What somebody has written in a mail: without what it quotes, signatures, and what a machine answers by itself. Pure.

Invariant: no line of ours that a mail quotes is taken for a word of the person; a mail that can't be read is for
a person to read, never dropped.
"""

import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as Mail
from email.utils import getaddresses
from typing import Any, NamedTuple

from lxml import html

from services.notifier.answering.heard import heard
from services.notifier.messages.links import TOKEN_LENGTH
from shared.plain_text import line_of, text_of

LONGEST_WORDS, LONGEST_ADDRESS = 500, 254
MOST_LINES, MOST_TOKENS = 300, 10
NOTHING = "…"
"""A mail in which nothing is written."""
OURS = re.compile(rf"<[A-Za-z0-9_-]{{1,200}}\.([A-Za-z0-9_-]{{{TOKEN_LENGTH}}})@")
BY_MACHINES = frozenset({"bulk", "auto_reply", "junk", "list"})
SIGNATURE = re.compile(r"--\s*$|发自|Sent from|Get Outlook|获取 ?Outlook|从.{1,30}发送|来自.{1,30}邮箱")
QUOTED_BELOW = re.compile(
    r"-{2,}\s*(?:Original|Forwarded|Replied|原始|原邮件|转发|回复)|_{10,}\s*$|\*?(?:From|发件人|寄件者)\*?\s*[:：]"
)
WROTE = re.compile(r"(?:wrote|写道)\s*[:：]\s*$")
BLOCKS = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3", "hr"})
UNWRITTEN = "//blockquote | //style | //script | //head | //*[contains(@class, 'quote')]"


class WrittenMail(NamedTuple):
    sender: str
    """Empty where it is not one address."""
    words: str
    tokens: tuple[str, ...]
    """Of the mails of ours that it says it answers, the nearest first; not proven yet."""
    is_automatic: bool
    """A machine has answered by itself: nobody has read anything."""


def read_mail(raw: bytes) -> WrittenMail:
    try:
        mail = message_from_bytes(raw)
        return WrittenMail(
            _sender(mail), _said(written_lines(_text(mail))), _tokens(mail), _is_automatic(mail)
        )
    except Exception:  # whatever a stranger sends, and whatever the library makes of it
        return WrittenMail("", line_of(raw.decode("utf-8", "replace"))[:LONGEST_WORDS] or NOTHING, (), False)


def written_lines(text: str) -> list[str]:
    lines = [line.strip() for line in text_of(text).split("\n")[:MOST_LINES]]
    written: list[str] = []
    skipped = -1
    for number, line in enumerate(lines):
        if number <= skipped or line.startswith(">"):
            continue
        if SIGNATURE.match(line) or QUOTED_BELOW.match(line):
            break
        if (ends := _introduces(lines, number)) is not None:
            below = next((one for one in lines[ends + 1 :] if one), "")
            if not below.startswith(">"):
                break  # all that follows is the mail it answers
            skipped = ends
            continue
        written.append(line)
    return written


def _introduces(lines: list[str], number: int) -> int | None:
    """The last line of "On … wrote:" where it begins here; a mail program may break it into two."""
    if WROTE.search(lines[number]):
        return number
    starts = re.match(r"On\s|在\s?\d|\d{4}[年/-]|于\s?\d", lines[number])
    if starts and number + 1 < len(lines) and WROTE.search(lines[number + 1]):
        return number + 1
    return None


def _said(lines: list[str]) -> str:
    """The first paragraph, where it is an answer by itself: names and greetings stand below it."""
    whole = "\n".join(lines).strip()
    first, _, below = whole.partition("\n\n")
    words = first if below and heard(line_of(first)).digit else whole
    return line_of(words)[:LONGEST_WORDS] or NOTHING


def _text(mail: Mail) -> str:
    parts = [
        part
        for part in mail.walk()
        if not part.is_multipart() and part.get_content_disposition() != "attachment"
    ]
    for part in parts:
        if part.get_content_type() == "text/plain":
            return _decoded(part)
    for part in parts:
        if part.get_content_type() == "text/html":
            return _without_marks(_decoded(part))
    return ""


def _decoded(part: Mail) -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    try:
        return content.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


def _without_marks(text: str) -> str:
    if not text.strip():
        return ""
    page: Any = html.document_fromstring(text.encode(), parser=html.HTMLParser(encoding="utf-8"))
    for node in page.xpath(UNWRITTEN):
        node.drop_tree()
    for node in page.iter():
        if node.tag in BLOCKS:
            node.tail = "\n" + (node.tail or "")
            if node.tag != "br":
                node.text = "\n" + (node.text or "")
    return re.sub(r"\n{3,}", "\n\n", page.text_content())


def _sender(mail: Mail) -> str:
    given = [str(header) for header in mail.get_all("From", [])]
    addresses = getaddresses(given)
    if len(given) != 1 or len(addresses) != 1 or "@" not in addresses[0][1]:
        return ""
    return line_of(addresses[0][1]).lower()[:LONGEST_ADDRESS]


def _tokens(mail: Mail) -> tuple[str, ...]:
    answered, before = (OURS.findall(_unfolded(mail, name)) for name in ("In-Reply-To", "References"))
    return tuple(dict.fromkeys([*answered, *reversed(before)]))[:MOST_TOKENS]


def _unfolded(mail: Mail, name: str) -> str:
    """Ids hold no blanks; some mail programs break long ones, or write them as encoded words (RFC 2047)."""
    return "".join(str(make_header(decode_header(str(mail.get(name, ""))))).split())


def _is_automatic(mail: Mail) -> bool:
    submitted = str(mail.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()
    return (
        submitted != "no"
        or str(mail.get("Precedence", "")).strip().lower() in BY_MACHINES
        or any(name in mail for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Response"))
        or str(mail.get("Return-Path", "")).strip() == "<>"
        or mail.get_content_type() == "multipart/report"
    )
