"""Why a message was set aside: a closed set, so that whoever mends it need not read it out of prose."""

from enum import StrEnum


class Cause(StrEnum):
    NOT_AUTHENTIC = "not_authentic"
    """It is no authentic fact; `distrust` says in what."""
    CASE_UNREADABLE = "case_unreadable"
    """Its case could not be read, nor made again from the record."""
    NO_CASE = "no_case"
    """It is about a case that was never reported."""
    UNDECIDABLE = "undecidable"
    """Nobody decides on such a fact, or what it says can't be so."""
    CASE_TOO_LARGE = "case_too_large"
    """Its case would not fit the broker's messages any more."""
    UNKNOWN_POLICY = "unknown_policy"
    """Its case began under a policy that is not there."""
    FAULT = "fault"
    """We failed at it in an unforeseen way."""
    NO_DECISION = "no_decision"
    """It lies where decisions lie, and is none: nobody was rung for it."""
    NOT_A_REPORT = "not_a_report"
    """What another system handed in could not be taken."""
    ID_USED = "id_used"
    """Its id stands for something else."""
    DOOR = "door"
    """Requests that were turned away, counted."""
