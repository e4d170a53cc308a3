"""Who could be reached: each message to each person, over each channel, and whether and how fast it was
answered. Pure.

Invariant: a message counts where the decision that sent it lies in the window; what became of it may come
later. Messages that were held (an exercise, a plan of silence) rang nobody and count as held.
"""

from datetime import datetime

from services.audit.reports.figures import Figures
from services.audit.reports.matters import Owed, ReportedCase, SentNotice, between
from services.audit.reports.reading import ReportedFact
from shared.facts import MessageState, Purpose
from shared.facts.body import DeliveryBody, deliveries_in
from shared.vocabulary import Kind

ASKING = frozenset({Purpose.REPORT, Purpose.FALLBACK, Purpose.DUTY, Purpose.AGAIN})
"""A message of these purposes asks for an answer. A reminder repeats an earlier one; the others only tell."""


def count_notices(
    figures: Figures, matter: ReportedCase, fact: ReportedFact, moment: datetime, *, counted: bool
) -> None:
    """The messages of a decision."""
    for notice in fact.data.parts("notices"):
        name, person = notice.text("id"), notice.text("person")
        if name is None or person is None or name in matter.notices:
            continue
        channels, duties = notice.texts("channels"), notice.texts("duties")
        if not channels:
            if counted:
                figures.add("reach", "all", "held", fact.index)
            continue
        asks = notice.text("purpose") in ASKING
        matter.tell(SentNotice(name, person, moment, duties, channels, asks, counted))
        for duty in duties:
            if (owed := matter.duties.get(duty)) is not None and owed.person == person:
                owed.called = True
        if counted:
            _count_sent(figures, person, channels, asks, fact.index)


def _count_sent(figures: Figures, person: str, channels: tuple[str, ...], asks: bool, index: int) -> None:
    for row, table in (("all", "reach"), (person, "reach_person")):
        figures.add(table, row, "sent", index)
        if asks:
            figures.add(table, row, "asked", index)
    for channel in channels:
        figures.add("reach_channel", channel, "sent", index)


def handed_over(figures: Figures, matter: ReportedCase, fact: ReportedFact) -> None:
    """What the notifier says became of messages, channel by channel."""
    for line in deliveries_in(fact.data):
        notice = matter.notices.get(line.notice)
        if notice is None or not line.channel or line.state in (MessageState.BESIDE, MessageState.KEPT):
            continue
        seconds = between(notice.at, line.at("done_at") or fact.at)
        if fact.kind == Kind.FAILED:
            _failed(figures, notice, line, fact.index)
        elif line.state == MessageState.OPENED:
            _opened(figures, notice, fact.index, seconds)
        else:
            if line.channel not in notice.handed_over:
                _delivered(figures, matter, notice, line.channel, fact.index, seconds)
            if line.state == MessageState.ARRIVED:
                _arrived(figures, notice, line.channel, fact.index, seconds)


def _failed(figures: Figures, notice: SentNotice, line: DeliveryBody, index: int) -> None:
    if line.channel in notice.lost or line.state == MessageState.SPARED:
        return
    notice.lost.add(line.channel)
    if line.state == MessageState.UNDELIVERED:
        notice.handed_over.discard(line.channel)
    if not notice.counted:
        return
    figures.add("reach_channel", line.channel, "failed", index)
    if len(notice.lost) >= len(notice.channels) and not notice.handed_over and not notice.unreached:
        notice.unreached = True
        for row, table in (("all", "reach"), (notice.person, "reach_person")):
            figures.add(table, row, "unreached", index)


def _delivered(
    figures: Figures,
    matter: ReportedCase,
    notice: SentNotice,
    channel: str,
    index: int,
    seconds: float | None,
) -> None:
    """Handed over to the gateway of a channel."""
    first, notice.was_handed_over = not notice.was_handed_over, True
    notice.handed_over.add(channel)
    for duty in notice.duties:
        owed = matter.duties.get(duty)
        if owed is not None and owed.person == notice.person and owed.channel is None:
            owed.channel = channel
    if not notice.counted:
        return
    figures.add("reach_channel", channel, "delivered", index, seconds)
    if first:
        _count_once(figures, notice, "delivered", index, seconds)


def _arrived(figures: Figures, notice: SentNotice, channel: str, index: int, seconds: float | None) -> None:
    first, notice.arrived = not notice.arrived, True
    if not notice.counted:
        return
    figures.add("reach_channel", channel, "arrived", index, seconds)
    if first:
        _count_once(figures, notice, "arrived", index, seconds)


def _opened(figures: Figures, notice: SentNotice, index: int, seconds: float | None) -> None:
    first, notice.opened = not notice.opened, True
    if first and notice.counted:
        _count_once(figures, notice, "opened", index, seconds)


def _count_once(figures: Figures, notice: SentNotice, column: str, index: int, seconds: float | None) -> None:
    for row, table in (("all", "reach"), (notice.person, "reach_person")):
        figures.add(table, row, column, index, seconds)


def acknowledged(figures: Figures, matter: ReportedCase, fact: ReportedFact) -> None:
    person = fact.data.text("person")
    for notice in matter.notices.values():
        if notice.person == person:
            _answered(figures, notice, fact.index, fact.at)


def answered_by_doing(figures: Figures, matter: ReportedCase, owed: Owed, index: int, at: datetime) -> None:
    """What a message asked for was done: that is an answer too."""
    for notice in matter.notices.values():
        if owed.duty in notice.duties and notice.person == owed.person:
            _answered(figures, notice, index, at)


def _answered(figures: Figures, notice: SentNotice, index: int, at: datetime) -> None:
    if notice.answered or not notice.asks:
        return
    notice.answered = True
    if notice.counted:
        taken = between(notice.at, at)
        for row, table in (("all", "reach"), (notice.person, "reach_person")):
            figures.add(table, row, "answered", index, taken)
