"""Both sides of a long simulation at once, each on a core of its own.

Invariant: the answer is that of `simulate`; only the time differs. The child shares the history as it is
(fork), and only its outcome travels back.
"""

from collections.abc import Sequence
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection

from services.escalator.playing.outcome import PlayedOutcome, Stored, Turn, play
from services.escalator.playing.simulate import Differences, compare, simulate
from services.escalator.policy.load import Policy
from shared.directory import Directory

WORTH_IT = 20_000
"""Facts from which on a second process pays."""


def simulate_at_once(
    history: Sequence[Stored],
    other: Policy,
    directory: Directory,
    before: Sequence[Turn],
    until: datetime | None = None,
) -> Differences:
    if len(history) < WORTH_IT:
        return simulate(history, other, directory, before, until)
    forked = get_context("fork")
    theirs, ours = forked.Pipe(duplex=False)
    child = forked.Process(target=_tell, args=(ours, history, [(before[0][0], other)], directory, until))
    child.start()
    ours.close()
    try:
        first = play(history, before, directory, until)
        second: PlayedOutcome = theirs.recv()
    finally:
        theirs.close()
        child.join()
    return compare(first, second)


def _tell(
    to: "Connection[PlayedOutcome, PlayedOutcome]",
    history: Sequence[Stored],
    turns: Sequence[Turn],
    directory: Directory,
    until: datetime | None,
) -> None:
    to.send(play(history, turns, directory, until))
    to.close()
