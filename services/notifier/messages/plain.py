"""The message without any template, for when a template fails: less well said, and never unsaid. Pure."""

from datetime import datetime
from zoneinfo import ZoneInfo

from services.notifier.channels import Form, Letter
from services.notifier.messages.words import EXERCISE, on_one_line
from shared.facts import Brief
from shared.language import times
from shared.language.catalogue import N_
from shared.language.words import Words
from shared.vocabulary import Language

HEAD = N_("[Fenghuo] %(heading)s, %(area)s: %(summary)s. %(unit)s reports.")

ASKED = N_("Wanted of you: %(owes)s, by %(due)s.")
LIMIT = N_("The limit is %(due)s.")
OPEN_LINK = N_("Open the link to answer: %(link)s")
RING = N_("Duty desk: %(telephone)s.")
RING_ALOUD = N_("To answer, open the link in the text message, or ring the duty desk.")


def plain_letter(
    brief: Brief,
    form: Form,
    language: Language,
    zone: ZoneInfo,
    now: datetime,
    *,
    link: str | None,
    desk: str,
) -> Letter:
    words = Words(language)
    head = (words.of(EXERCISE) if brief.exercise else "") + words.of(
        HEAD,
        heading=words.heading(brief.kind, brief.category, brief.level),
        area=words.name(brief.area_name),
        summary=on_one_line(brief.summary),
        unit=words.name(brief.unit_name),
    )
    parts = [head]
    due = times.short(brief.due_at, zone, now) if brief.due_at else ""
    if due:
        owes = words.names(brief.owes)
        parts.append(words.of(ASKED, owes=owes, due=due) if owes else words.of(LIMIT, due=due))
    if desk:
        parts.append(words.of(RING, telephone=desk))
    if link:
        parts.append(words.of(RING_ALOUD) if form is Form.SPOKEN else words.of(OPEN_LINK, link=link))
    return Letter(head, ("\n" if form is Form.LONG else " ").join(parts))
