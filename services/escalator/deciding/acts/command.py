"""Who commands, who is on watch: command is taken and handed over, a shift is signed in (DOMAIN rows 25, 30,
31).

Invariant: at most one commander, acting or not, at any moment; the chain of commanders is part of the case.
"""

from msgspec.structs import replace

from services.escalator.deciding.draft import Draft
from shared.case import Commander
from shared.facts import CaseAct, EffectKind, Reason
from shared.ids import PersonId


def take_command(draft: Draft, act: CaseAct) -> None:
    """指挥长 or, until the commander is back, 代理指挥长."""
    who = act.to_person or PersonId(act.by.principal)
    if who not in draft.directory.people_by_id:
        draft.refuse(Reason.NO_SUCH_PERSON, note=who)
        return
    before = draft.case.command
    if (
        before
        and before[-1].until is None
        and before[-1].person == who
        and before[-1].acting == bool(act.acting)
    ):
        draft.refuse(Reason.COMMANDS_ALREADY, person=who)
        return
    ended = (*before[:-1], replace(before[-1], until=before[-1].until or draft.now)) if before else ()
    commander = Commander(person=who, acting=bool(act.acting), since=draft.now, by=act.by.principal)
    draft.change(command=(*ended, commander))
    draft.note(
        EffectKind.COMMAND,
        Reason.ACTING_COMMANDER if commander.acting else Reason.COMMANDER,
        person=who,
        note=act.text,
    )


def sign_in(draft: Draft, act: CaseAct) -> None:
    """On watch. Whoever is not on the shift signs in as a stand-in, and that is on record."""
    standing = draft.case.standing
    if standing is None or standing.watch != "roster":
        draft.refuse(Reason.NOT_A_ROSTER)
        return
    owed = [duty for duty in draft.owed() if draft.plan_of(duty).by == "watched"]
    who = act.to_person or PersonId(act.by.principal)
    if owed and all(duty.bearer != who for duty in owed):
        draft.note(EffectKind.NOTED, Reason.STANDS_IN_ON_THE_SHIFT, person=who)


def hand_over(draft: Draft, act: CaseAct) -> None:
    """The shift is handed over with what is pending."""
    standing = draft.case.standing
    if standing is None or standing.watch != "roster":
        draft.refuse(Reason.NOT_A_ROSTER)
    elif act.to_person is None or act.to_person not in draft.directory.people_by_id:
        draft.refuse(Reason.NO_SUCH_PERSON, note=act.to_person)
    else:
        draft.note(EffectKind.COMMAND, Reason.SHIFT_HANDED_OVER, person=act.to_person, note=act.text)
