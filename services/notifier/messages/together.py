"""Several messages to one person as one. Pure.

Invariant: it says how many there are, and names the most overdue first; where a channel can't carry all of
them it says how many more there are and where they stand. Each line has its own link: each is answered by
itself.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.notifier.channels import Form, Letter, Message
from services.notifier.messages.aloud import aloud
from shared.language.catalogue import N_
from shared.language.words import COLOURS, Words
from shared.vocabulary import Language, Level

MOST = {Form.LONG: 200, Form.SHORT: 8, Form.SPOKEN: 5}
"""Lines of one message: a mail has room, an SMS and a telephone call have not."""
GRAVEST_FIRST = (Level.I, Level.II, None, Level.III, Level.IV)
"""What has no level may be grave."""


class WhyTogether(StrEnum):
    """Why they come together."""

    LATE = "late"
    """They could not be said in time, through a fault of ours."""
    KEPT = "kept"
    """They waited for the end of the person's quiet hours."""
    TOGETHER = "together"
    """They came within the same moment."""


HEADS = {
    WhyTogether.LATE: (
        N_("[Fenghuo, late] %(count)s messages could not reach you while the system was away; see to each"),
        N_("Fenghuo, late. %(count)s messages could not reach you while the system was away; see to each."),
    ),
    WhyTogether.KEPT: (
        N_("[Fenghuo] %(count)s messages kept during your quiet hours"),
        N_("Fenghuo. %(count)s messages kept during your quiet hours."),
    ),
    WhyTogether.TOGETHER: (
        N_("[Fenghuo] %(count)s messages for you; see to each"),
        N_("Fenghuo. %(count)s messages for you; see to each."),
    ),
}
"""As it is written, and as it is read aloud."""
MORE = N_("%(more)s more: see your mail or the desk")
WHERE_LINKS_ARE = N_("Open the links in the text message one by one, or ring the duty desk.")
NOTE = N_(
    "Each is answered by itself; receiving this mail acknowledges nothing. If a link does not open, ring the duty desk. "
    "The links are yours alone: do not pass them on."
)
OPEN = N_("Open")

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(("html",)),
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
)


def together(messages: Sequence[Message], form: Form, heading: WhyTogether = WhyTogether.LATE) -> Message:
    """One message that says all of them, numbered in the order they are given in; a message alone as it
    is.
    """
    first = messages[0]
    if len(messages) == 1:
        return first
    digest = hashlib.sha256("\n".join(sorted(message.id for message in messages)).encode()).hexdigest()[:16]
    shown, more = messages[: MOST[form]], max(0, len(messages) - MOST[form])
    return replace(
        first,
        id=f"{first.id.rpartition('-')[0]}-{digest}-{first.channel}",
        buttons=(),  # each answers one alone
        letter=_LETTERS[form](heading, shown, more),
        level=_gravest(messages),
        exercise=all(message.exercise for message in messages),
        until=_ends_last(messages),
        also=tuple(message.id for message in messages),
    )


def _gravest(messages: Sequence[Message]) -> Level | None:
    """Of those in earnest, where there are any: what holds something grave waits behind nothing."""
    in_earnest = [message for message in messages if not message.exercise]
    return min((message.level for message in in_earnest or messages), key=GRAVEST_FIRST.index)


def _ends_last(messages: Sequence[Message]) -> datetime | None:
    """Nothing in it is dropped on the way because another line's time was over."""
    ends = [message.until for message in messages if message.until is not None]
    return max(ends) if len(ends) == len(messages) else None


def _short(heading: WhyTogether, shown: Sequence[Message], more: int) -> Letter:
    words = Words(shown[0].language)
    subject = words.of(HEADS[heading][0], count=len(shown) + more)
    lines = [f"{number}. {_with_link(message)}" for number, message in enumerate(shown, 1)]
    rest = [words.of(MORE, more=more)] if more else []
    return Letter(subject, "\n".join([subject + words.colon.rstrip(), *lines, *rest]))


def _spoken(heading: WhyTogether, shown: Sequence[Message], more: int) -> Letter:
    """To be read aloud: no links, and where they are instead."""
    words, count = Words(shown[0].language), len(shown) + more
    written, said = HEADS[heading]
    lines = [
        f"{number}. {aloud(message.letter.subject, words.language)}"
        for number, message in enumerate(shown, 1)
    ]
    rest = [words.of(MORE, more=more)] if more else []
    links = [words.of(WHERE_LINKS_ARE)] if any(message.link for message in shown) else []
    return Letter(
        words.of(written, count=count),
        "\n".join([words.of(said, count=count), *lines, *rest, *links]),
    )


def _long(heading: WhyTogether, shown: Sequence[Message], more: int) -> Letter:
    words = Words(shown[0].language)
    note = words.of(NOTE) if any(message.link for message in shown) else ""
    letter = _short(heading, shown, more)
    context: Mapping[str, Any] = {
        "language": "zh-CN" if words.language is Language.ZH else "en",
        "subject": letter.subject,
        "items": [(message, COLOURS[message.level]) for message in shown],
        "more": words.of(MORE, more=more) if more else "",
        "open": words.of(OPEN),
        "note": note,
    }
    text = f"{letter.text}\n\n{note}" if note else letter.text
    return Letter(letter.subject, text, _environment.get_template("together.html").render(context))


def _with_link(message: Message) -> str:
    return f"{message.letter.subject} {message.link}" if message.link else message.letter.subject


_LETTERS: Mapping[Form, Callable[[WhyTogether, Sequence[Message], int], Letter]] = {
    Form.SHORT: _short,
    Form.SPOKEN: _spoken,
    Form.LONG: _long,
}
