"""Of what a decision has for people, what is kept until their quiet hours end."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from services.notifier.delivery.job import Job
from services.notifier.delivery.kept import KeptBook, KeptDecision, KeptNotice
from services.notifier.delivery.quiet import asks, quiet_until, something_comes
from services.notifier.delivery.record import Place, place_of
from services.notifier.delivery.routes import Leg, Route
from shared.broker.forever import AWAY
from shared.case import Case
from shared.directory import Directory
from shared.directory.addresses import masked
from shared.facts import Notice
from shared.ids import CaseId, DutyId, PersonId


@dataclass(frozen=True)
class QuietSifter:
    book: KeptBook
    directory: Callable[[], Directory]
    case_now: Callable[[CaseId], Awaitable[Case | None]]
    clock: Callable[[], datetime]
    zone: tzinfo

    async def kept(self, job: Job, fact_id: str, sheet: str, legs: Sequence[Leg]) -> frozenset[Place]:
        """The places of those that do not go out now; what is kept is in the bucket and on record then."""
        by_person: dict[PersonId, list[Leg]] = {}
        for notice, route in legs:
            person = self.directory().people_by_id.get(notice.person)
            if person is not None and person.quiet is not None and route.addresses:
                by_person.setdefault(person.id, []).append((notice, route))
        places: set[Place] = set()
        for person, theirs in by_person.items():
            if (before := await self._before(job, sheet, person)) is not None:
                await self.book.tell(before)
                places |= before.places
            elif (decision := await self._kept_of(job, fact_id, person, theirs)) is not None:
                await self.book.keep(sheet, decision)
                places |= decision.places
        return frozenset(places)

    async def _before(self, job: Job, sheet: str, person: PersonId) -> KeptDecision | None:
        """What is kept already. A decision that seems new may not be: a broker that was killed forgets."""
        if job.is_kept:
            return None
        return self.book.remembered(sheet, person) if job.is_first else await self.book.of(sheet, person)

    async def _kept_of(
        self, job: Job, fact_id: str, person: PersonId, legs: Sequence[Leg]
    ) -> KeptDecision | None:
        """None: nothing is. What was kept before is kept on as a whole, or goes out as a whole."""
        ends = [(leg, await self._until(job, *leg)) for leg in legs]
        until = min((end for _, end in ends if end is not None), default=None)
        if until is None or (job.is_kept and any(end is None for _, end in ends)):
            return None
        kept = tuple(
            KeptNotice(
                notice=notice.id,
                channel=route.channel,
                address=masked(route.addresses[0]),
                purpose=notice.purpose,
                asked=notice.duties if asks(notice) else (),
            )
            for (notice, route), end in ends
            if end is not None
        )
        return KeptDecision(
            case=job.decision.case,
            person=person,
            decision=fact_id,
            sequence=job.sequence,
            since=job.now,
            until=until,
            due_at=until,
            notices=kept,
        )

    def is_quiet(self, kept: KeptDecision) -> bool:
        person = self.directory().people_by_id.get(kept.person)
        hours = person.quiet if person is not None else None
        return (
            hours is not None
            and hours.end(self.clock(), self.zone) is not None
            and all(not hours.channels or notice.channel in hours.channels for notice in kept.notices)
        )

    async def _until(self, job: Job, notice: Notice, route: Route) -> datetime | None:
        person = self.directory().people_by_id.get(notice.person)
        until = quiet_until(notice, person, route.channel, job.now, self.zone)
        if until is None or not asks(notice):
            return until
        return None if await self.comes_before(job.decision.case, notice.duties, until) else until

    async def comes_before(self, case: CaseId, duties: Sequence[DutyId], until: datetime) -> bool:
        try:
            return something_comes(await self.case_now(case), duties, until)
        except (ValueError, *AWAY):
            return True


def without(legs: Sequence[Leg], kept: frozenset[Place]) -> list[Leg]:
    return [(notice, route) for notice, route in legs if place_of(notice.id, route.channel) not in kept]


def taken_up(kept: KeptDecision, legs: Sequence[Leg]) -> list[Leg]:
    """What was kept, and what the person has instead of it by now; whatever else the decision has for them is
    seen to, or was, where the decision itself is in work.
    """
    notices = {notice.notice for notice in kept.notices}
    return [
        (notice, route)
        for notice, route in legs
        if notice.id in notices
        and (place_of(notice.id, route.channel) in kept.places or route.channel not in notice.channels)
    ]
