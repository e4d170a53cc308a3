"""What a person says with a link, as facts. Pure.

Invariant: the same link pressed again makes the same fact: its id names the notice and the person and nothing
that changes.
"""

from datetime import datetime

from services.notifier.answering.link_reader import LinkReader
from services.notifier.answering.offers import INSTEAD, LinkAct
from services.notifier.delivery.record import SOURCE
from services.notifier.messages.links import Link
from shared.facts import Acknowledgement, CaseAct, Fact, Via
from shared.ids import DutyId, PostId
from shared.vocabulary import Kind

NAMES = {
    Kind.ACKNOWLEDGED: "ack",
    Kind.SNOOZED: "snooze",
    Kind.CONTESTED: "contest",
    Kind.SECONDED: "second",
    Kind.CALL_ASKED: "call",
}
"""How the id of each begins, where it is not the kind; it is on record, so it stays."""


def acknowledgement(
    link: Link, reader: LinkReader, via: Via, post: PostId | None, *, note: str = ""
) -> Acknowledgement:
    """That the link's person knows, as the holder or a deputy of `post`."""
    return Acknowledgement(
        person=link.person, via=via, by=reader.actor, notice=link.notice, post=post, note=note or None
    )


def chosen_act(
    chosen: LinkAct,
    text: str,
    reader: LinkReader,
    duty: DutyId | None,
    post: PostId | None,
    *,
    reply: Via | None = None,
) -> CaseAct:
    """What a button of the page says, or the `reply` that means the same. Whoever wants to be rung by the page
    is rung at the number of the directory.
    """
    if chosen.kind is Kind.CALL_ASKED:
        text = text or reader.telephone
    return CaseAct(
        by=reader.actor,
        via=reply or (Via.LINK if chosen.kind in INSTEAD.values() else None),
        task=chosen.task,
        text=text or None,
        approve=chosen.approve,
        duty=duty,
        post=post if chosen.kind is not Kind.SIGNED_IN else None,
    )


def said_by(link: Link, kind: Kind, data: Acknowledgement | CaseAct, now: datetime, *about: str) -> Fact:
    """An act by a link is a fact like the same act from the desk. Whichever came first stands. `about`: what
    else tells it from others of its kind by the same link.
    """
    fact_id = ":".join((NAMES.get(kind, kind), link.notice, link.person, *about))
    return Fact.of(kind, id=fact_id, source=SOURCE, subject=link.case, time=now, data=data)
