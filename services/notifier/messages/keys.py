"""What somebody can answer with one digit, by SMS, by mail or by a key in a call, and how the message says so. Pure.

Invariant: a digit means what the message said it means, whatever has become of the case since; only what is asked
of this person is offered, and only where the channel brings answers back.
"""

import hashlib
from enum import StrEnum

from services.notifier.channels import Button
from services.notifier.messages.asking import SILENT, HasBrief, is_told_alone
from shared.facts import Purpose
from shared.ids import CaseId, PersonId
from shared.language.catalogue import N_
from shared.language.words import Words

CODES, FIRST_CODE = 70, 30
"""Two more digits tell messages apart that wait for an answer from one telephone at the same time."""


class Deed(StrEnum):
    KNOW = "know"
    NEXT_PLEASE = "next_please"
    CALL_ME = "call_me"
    ACCEPT = "accept"
    REFUSE = "refuse"
    AGREE = "agree"
    DISAGREE = "disagree"
    PRESENT = "present"


Keys = tuple[Deed, ...]
ASKED_TO_KNOW: Keys = (Deed.KNOW, Deed.NEXT_PLEASE, Deed.CALL_ME)
ASKED_TO_TAKE_ON: Keys = (Deed.ACCEPT, Deed.REFUSE, Deed.CALL_ME)
ASKED_TO_AGREE: Keys = (Deed.AGREE, Deed.DISAGREE, Deed.CALL_ME)
ASKED_TO_ANSWER: Keys = (Deed.PRESENT, Deed.PRESENT, Deed.PRESENT)
"""Whatever is pressed or written shows that the person can be reached."""
WRITTEN: dict[Keys, str] = {
    ASKED_TO_KNOW: N_(
        ". Reply 1%(code)s: I know; 2%(code)s: I can't, next please; 3%(code)s: ring me. Or open: "
    ),
    ASKED_TO_TAKE_ON: N_(
        ". Reply 1%(code)s: I take it on; 2%(code)s and why: not ours; 3%(code)s: ring me. Or open: "
    ),
    ASKED_TO_AGREE: N_(". Reply 1%(code)s: I agree; 2%(code)s: I do not; 3%(code)s: ring me. Or open: "),
    ASKED_TO_ANSWER: N_(". Reply 1%(code)s, or open: "),
}
BY_MAIL: dict[Keys, str] = {
    ASKED_TO_KNOW: N_(
        "Or reply to this mail with one digit in the first line. 1: I know. 2: I can't, next please. 3: ring me."
    ),
    ASKED_TO_TAKE_ON: N_(
        "Or reply to this mail with one digit in the first line. 1: I take it on. 2 and why: not ours. 3: ring me."
    ),
    ASKED_TO_AGREE: N_(
        "Or reply to this mail with one digit in the first line. 1: I agree. 2: I do not. 3: ring me."
    ),
    ASKED_TO_ANSWER: N_("Or reply to this mail with 1 in the first line."),
}
SPOKEN: dict[Keys, str] = {
    ASKED_TO_KNOW: N_("Press 1: I know. Press 2: I can't, next please. Press 3: ring me."),
    ASKED_TO_TAKE_ON: N_("Press 1: I take it on. Press 3: ring me."),
    ASKED_TO_AGREE: N_("Press 1: I agree. Press 2: I do not. Press 3: ring me."),
    ASKED_TO_ANSWER: N_("Press 1."),
}


LABELS = {
    Deed.KNOW: N_("I know"),
    Deed.NEXT_PLEASE: N_("I can't, next please"),
    Deed.CALL_ME: N_("Ring me"),
    Deed.ACCEPT: N_("I take it on"),
    Deed.REFUSE: N_("Not ours: say why"),
    Deed.AGREE: N_("I agree"),
    Deed.DISAGREE: N_("I do not agree"),
}
OPEN = N_("Read it whole")


def keys_of(told: HasBrief) -> Keys:
    """What 1, 2 and 3 mean; nothing where only the link answers."""
    if told.purpose is Purpose.SECOND:
        return ASKED_TO_AGREE
    if told.purpose is Purpose.ROLL_CALL:
        return ASKED_TO_ANSWER
    if told.purpose in SILENT or told.purpose is Purpose.CALLED or is_told_alone(told):
        return ()
    return ASKED_TO_TAKE_ON if told.brief.tasks and not told.brief.knowing else ASKED_TO_KNOW


def code_of(case: CaseId, person: PersonId) -> str:
    """Two digits: the same in every message about a case to a person, so that a reminder asks for the same."""
    digest = hashlib.sha256(f"{case}\0{person}".encode()).digest()
    return str(int.from_bytes(digest[:4]) % CODES + FIRST_CODE)


def written(keys: Keys, words: Words, code: str) -> str:
    """What stands before the link of a short message, and ends its last sentence."""
    return words.of(WRITTEN[keys], code=code) if keys else ""


def by_mail(keys: Keys, words: Words) -> str:
    """What stands below the link of a mail. The mail program says which mail is answered: no code."""
    return words.of(BY_MAIL[keys]) if keys else ""


def spoken(keys: Keys, words: Words) -> str:
    return words.of(SPOKEN[keys]) if keys else ""


def buttons(keys: Keys, words: Words) -> tuple[Button, ...]:
    """What a card offers. Whoever refuses says why, behind the link."""
    presses = (
        Button(words.of(LABELS[deed]), None if deed is Deed.REFUSE else digit)
        for digit, deed in enumerate(keys, start=1)
    )
    return (*presses, Button(words.of(OPEN), None)) if keys else ()
