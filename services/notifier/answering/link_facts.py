"""What a person says with a link, as facts. Pure.

Invariant: the same link pressed again makes the same fact: its id names the notice and the person and nothing
that changes.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.notifier.answering.offers import LinkAct
from services.notifier.delivery.record import SOURCE
from services.notifier.messages.links import Link
from shared.facts import Acknowledgement, Actor, CaseAct, Fact, Via
from shared.ids import DutyId
from shared.vocabulary import Kind


def acknowledgement(link: Link, by: Actor, now: datetime) -> Fact:
    data = Acknowledgement(person=link.person, via=Via.LINK, by=by, notice=link.notice)
    fact_id = f"ack:{link.notice}:{link.person}"
    return Fact.of(Kind.ACKNOWLEDGED, id=fact_id, source=SOURCE, subject=link.case, time=now, data=data)


def snooze(link: Link, by: Actor, duties: Sequence[DutyId], span: timedelta, now: datetime) -> Fact:
    """Of the one duty the notice was about, or of all this person's of the case."""
    data = CaseAct(by=by, span=span, duty=duties[0] if len(duties) == 1 else None)
    fact_id = f"snooze:{link.notice}:{link.person}"
    return Fact.of(Kind.SNOOZED, id=fact_id, source=SOURCE, subject=link.case, time=now, data=data)


def act(link: Link, by: Actor, offer: LinkAct, text: str | None, now: datetime) -> Fact:
    """What a duty of the message waits for; once a link, kind and task."""
    data = CaseAct(by=by, task=offer.task, text=text)
    fact_id = f"{offer.kind}:{link.notice}:{link.person}:{offer.task or ''}"
    return Fact.of(offer.kind, id=fact_id, source=SOURCE, subject=link.case, time=now, data=data)


def contest(link: Link, by: Actor, now: datetime) -> Fact:
    """The call that this person is said to have had never was."""
    data = CaseAct(by=by, to_person=link.person)
    return Fact.of(
        Kind.CONTESTED,
        id=f"contest:{link.notice}:{link.person}",
        source=SOURCE,
        subject=link.case,
        time=now,
        data=data,
    )


def second(link: Link, by: Actor, now: datetime, *, approve: bool) -> Fact:
    """The second person's decision; whichever came first stands."""
    data = CaseAct(by=by, approve=approve)
    return Fact.of(
        Kind.SECONDED,
        id=f"second:{link.notice}:{link.person}",
        source=SOURCE,
        subject=link.case,
        time=now,
        data=data,
    )
