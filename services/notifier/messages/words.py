"""What a message says besides the words of every reader, and texts short enough for it. Pure."""

from shared.facts import SuspicionState
from shared.language.catalogue import N_

DIRECTORY = N_("Directory")
TASK = N_("%(title)s (assigned by %(assigner)s, due %(due)s)")
LIMIT_NOW = N_("%(title)s by %(due)s")
SUSPICIONS = {
    SuspicionState.RAISED: N_("omission suspected"),
    SuspicionState.WITHDRAWN: N_("suspicion withdrawn"),
    SuspicionState.REFUTED: N_("no omission"),
    SuspicionState.CONFIRMED: N_("omission confirmed"),
}
TEST = N_("Test")
EXERCISE = N_("[EXERCISE] ")
"""Before everything else."""


def on_one_line(text: str) -> str:
    """No line break and no control character: fit for a subject line and for an SMS."""
    if not text.isprintable():
        text = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(text.split())


def shortened(text: str, length: int) -> str:
    text = on_one_line(text)
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
