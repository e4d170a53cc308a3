"""Across all cases: open tasks, suspected omissions; and who is on watch, and where a gap will be."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from secrets import token_hex

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from services.intake.board.task_list import URGENCY, listed_tasks
from services.intake.desk.act_fields import ROWS
from services.intake.desk.here import READERS, DeskPages, fields_of
from services.intake.desk.roll_call_pages import roll_calls_seen
from services.intake.desk.shift_changes import shift_change, who_could
from services.intake.directory.waiting import Proposed, RefusalForm
from services.intake.recording.record import Unreachable
from shared.case import Case, Duty
from shared.directory import Shift, gaps
from shared.directory.changing import MAY_PROPOSE
from shared.directory.roster import Roster
from shared.facts import field_errors
from shared.ids import CaseId, PersonId, RosterId
from shared.message import N_
from shared.problems import Problem, invalid
from shared.standing import standing_case
from shared.tokens import Principal
from shared.vocabulary import Kind
from shared.web.pages import HEADERS
from shared.web.picks import WRITTEN, Offer, PickedSort, Picker, near_units, taken

AHEAD = timedelta(days=7)
GAPS_AHEAD = timedelta(days=14)
TASKS_SHOWN = 300
WATCHES_SHOWN = 20
"""Rosters on one page, each with the shifts of a week: the reader's own, then those of the units about their
own.
"""

NO_SUCH_ROSTER = N_("The directory has no such roster any more: open the page again.")


class ProposalAnswer(StrEnum):
    """What becomes of a change of the directory that waits for a second person."""

    APPROVE = "approve"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Watch:
    """A roster as it stands: who is on, whether they signed in, who comes next."""

    roster: Roster
    now: Shift | None
    sign_in: Duty | None
    """What is owed, or was done, for the shift that is on."""
    case: CaseId | None
    may_sign_in: bool
    mine: bool
    shifts: tuple[Shift, ...]
    may_change: bool
    could: tuple[PersonId, ...]
    """Who might stand in."""


@dataclass(frozen=True)
class Narrowed:
    """What a list is narrowed to."""

    offer: Offer
    chosen: str
    written: str
    """What was written and could not be understood."""
    fault: str


def add_lists(router: APIRouter, here: DeskPages) -> None:
    @router.get("/tasks")
    async def tasks(request: Request) -> Response:
        principal = here.pages.admit(request, *READERS)
        listed = listed_tasks(here.cards(principal), here.pages.clock())
        units = {one.task.unit for one in listed}
        narrowed = _narrowed(
            here, request, "unit", PickedSort.UNITS, _own_first(here, principal), among=units
        )
        chosen = [one for one in listed if narrowed.chosen in ("", one.task.unit)]
        slips = [(slip, [one for one in chosen if one.slip is slip][:TASKS_SHOWN]) for slip in URGENCY]
        return here.show(request, "tasks.html", principal, slips=slips, narrowed=narrowed, count=len(chosen))

    @router.get("/suspicions")
    async def suspicions(request: Request) -> Response:
        principal = here.pages.admit(request, *READERS)
        cases = [card.lean for card in here.cards(principal) if card.is_suspected]
        to_judge = _newest(case for case in cases if case.suspicion and case.suspicion.is_to_judge)
        judged = _newest(case for case in cases if case.suspicion and not case.suspicion.is_to_judge)
        counts = {"to_judge_count": len(to_judge), "judged_count": len(judged)}
        return here.show(
            request, "suspicions.html", principal, to_judge=to_judge[:ROWS], judged=judged[:ROWS], **counts
        )

    @router.get("/roster")
    async def roster(request: Request) -> Response:
        principal, now = here.pages.admit(request, *READERS), here.pages.clock()
        directory, near = here.desk.directory, _own_first(here, principal)
        rosters = sorted(
            directory.rosters,
            key=lambda roster: near.index(roster.unit) if roster.unit in near else len(near),
        )
        narrowed = _narrowed(here, request, "roster", PickedSort.ROSTERS, [one.id for one in rosters])
        shown = [one for one in rosters if narrowed.chosen in ("", one.id)]
        own = [one for one in shown if _is_mine(one, principal, now)]
        watches = [_watch(here, one, principal, now) for one in dict.fromkeys((*own, *shown[:WATCHES_SHOWN]))]
        try:
            waiting = await here.desk.proposals.waiting(principal)
        except Unreachable:
            waiting = []  # who is on watch is shown whatever the broker does
        more = {"narrowed": narrowed if len(rosters) > WATCHES_SHOWN else None, "count": len(shown)}
        return here.show(
            request, "roster.html", principal, watches=watches, waiting=waiting, key=token_hex(16), **more
        )

    @router.post("/roster/proposals/{proposal}/{decision}")
    async def decide(request: Request, proposal: str, decision: ProposalAnswer) -> Response:
        principal = here.pages.admit_form(request, *READERS)
        if decision is ProposalAnswer.APPROVE:
            await here.desk.proposals.approve(proposal, principal)
        else:
            why = (await fields_of(request)).get("why", "")[:500]
            try:
                refusal = RefusalForm(why=why)
            except ValidationError as error:
                raise invalid(field_errors(error), N_("change")) from None
            await here.desk.proposals.refuse(proposal, refusal, principal)
        return RedirectResponse(f"/roster?said={decision}", 303, headers=HEADERS)

    @router.post("/roster/{roster}/shifts")
    async def change_shift(request: Request, roster: str) -> Response:
        principal, now = here.pages.admit_form(request, *READERS), here.pages.clock()
        entry = here.desk.directory.rosters_by_id.get(RosterId(roster))
        if entry is None:
            raise Problem(404, N_("Not Found"), NO_SUCH_ROSTER)
        values = await fields_of(request)
        form = shift_change(entry, list(entry.shifts(now, now + AHEAD)), values, here.desk.directory, now)
        changed = await here.desk.proposals.change(form, principal, values.get("key") or None)
        said = "proposed" if isinstance(changed, Proposed) else "shift"
        return RedirectResponse(f"/roster?said={said}", 303, headers=HEADERS)

    @router.get("/gaps")
    async def all_gaps(request: Request) -> Response:
        principal, now = here.pages.admit(request, *READERS), here.pages.clock()
        ahead = gaps(here.desk.directory, now, now + GAPS_AHEAD)
        calls = await roll_calls_seen(here, principal)
        return here.show(
            request,
            "gaps.html",
            principal,
            gaps=ahead[:ROWS],
            count=len(ahead),
            dark_posts=len(calls.dark_posts),
        )


def _narrowed(
    here: DeskPages,
    request: Request,
    name: str,
    sort: PickedSort,
    likely: Sequence[str],
    among: Set[str] | None = None,
) -> Narrowed:
    """By the address of the page: what is not understood narrows nothing, and is said. `among`: of all, those
    with something to show.
    """
    values, whole = dict(request.query_params), Picker(here.desk.directory, sort)
    read, faults = taken(values, {name: whole})
    chosen, fault = read.get(name, ""), faults[0][1] if faults else ""
    if chosen and whole.named(chosen) != chosen:
        chosen, fault = "", whole.fault(chosen)
    written = values.get(f"{name}{WRITTEN}", "") if fault else ""
    offered = (
        whole if among is None else Picker(here.desk.directory, sort, among | {chosen, *whole.near(written)})
    )
    return Narrowed(offered.offer(likely, chosen, written), chosen, written, fault)


def _own_first(here: DeskPages, principal: Principal) -> list[str]:
    return near_units(here.desk.directory, principal.unit)


def _newest(cases: Iterable[Case]) -> list[Case]:
    return sorted(cases, key=lambda case: case.opened_at, reverse=True)


def _watch(here: DeskPages, roster: Roster, principal: Principal, now: datetime) -> Watch:
    shift = roster.shift_at(now)
    card = here.desk.board.card(standing_case("roster", roster.id))
    case = card.lean if card else None
    sign_in = _sign_in(case, shift) if case and shift else None
    mine = _is_on(shift, principal)
    owed = sign_in is not None and sign_in.is_owed
    may = case is not None and owed and Kind.SIGNED_IN in here.desk.acts.allowed(principal, case)
    return Watch(
        roster,
        shift,
        sign_in,
        case.id if case else None,
        may,
        mine,
        tuple(roster.shifts(now, now + AHEAD)),
        principal.role in MAY_PROPOSE,
        tuple(who_could(roster, here.desk.directory)[:ROWS]),
    )


def _is_mine(roster: Roster, principal: Principal, now: datetime) -> bool:
    return _is_on(roster.shift_at(now), principal)


def _is_on(shift: Shift | None, principal: Principal) -> bool:
    return shift is not None and principal.person in (shift.person, shift.leader)


def _sign_in(case: Case, shift: Shift) -> Duty | None:
    """The newest duty that signing in ends, of the shift that is on."""
    sign_ins = [
        duty
        for duty in case.duties
        if "signed_in" in case.plan_of(duty).discharged_by and duty.starts_at >= shift.starts_at
    ]
    return max(
        sign_ins,
        key=lambda duty: (Kind.HANDED_OVER.value not in case.plan_of(duty).discharged_by, duty.starts_at),
        default=None,
    )
