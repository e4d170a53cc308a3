"""Who can be reached, over all units: asked for one unit it names nobody of another, and reports are taken
meanwhile.
"""

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from fenghuo.commands import _roll_call as command
from services.intake.board import roll_calls as board
from tests.escalator.builders import example_directory

HERE, THERE = "emergency_office", "tv_centre"


def test_of_one_unit_nobody_of_another_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    answered: dict[str, Any] = {
        "units": [{"unit": HERE, "called": []}, {"unit": THERE, "called": []}],
        "dark_posts": [{"post": "here", "unit": HERE}, {"post": "there", "unit": THERE}],
        "without_channel": [{"person": "here", "unit": HERE}, {"person": "there", "unit": THERE}],
    }

    def call(*_: object, **__: object) -> SimpleNamespace:
        return SimpleNamespace(json=lambda: answered)

    monkeypatch.setattr(command, "call", call)
    calls: dict[str, Any] = command._calls(HERE)  # pyright: ignore[reportPrivateUsage]
    assert [row["unit"] for part in calls.values() for row in part] == [HERE] * 3


async def test_the_cases_of_all_units_are_read_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []
    work = board.roll_calls

    def roll_calls(*cards: Any, **how: Any) -> board.RollCalls:
        threads.append(threading.current_thread())
        return work(*cards, **how)

    monkeypatch.setattr(board, "roll_calls", roll_calls)
    calls = await board.roll_calls_beside([], example_directory(), of_all=True)
    assert not calls.rows
    assert threads[0] is not threading.main_thread()
