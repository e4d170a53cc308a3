"""On a terminal too a unit is under suspicion only once its limit has passed without a report."""

from datetime import timedelta

import msgspec
import pytest

from fenghuo.commands._show_case import show_case
from shared.facts import Due
from shared.vocabulary import Kind, ReportKind
from tests.escalator.builders import LEARNED, Story


def test_nobody_is_named_before_the_limit(capsys: pytest.CaptureFixture[str]) -> None:
    story = Story()
    story.reported(kind=ReportKind.OPINION, unit="propaganda")
    (check,) = [duty for duty in story.now.duties if duty.rule == "cross_check"]
    show_case(msgspec.to_builtins(story.now))
    assert "suspected omission" not in capsys.readouterr().out
    passed = (check.due_at - LEARNED) / timedelta(minutes=1) + 1
    story.happens(Kind.DUE, Due(duty=None, at=check.due_at), passed)
    assert story.now.suspicion
    assert story.now.suspicion.is_to_judge
    show_case(msgspec.to_builtins(story.now))
    assert "suspected omission" in capsys.readouterr().out
