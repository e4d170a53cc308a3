"""What an operator may set for intake, besides what every service reads."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from shared.settings import Settings


class IntakeSettings(Settings):
    duties_wait: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(seconds=30))] = timedelta(seconds=2)
    """How long an answer waits for the escalator's decision before it goes out without."""
    clock_skew: timedelta = timedelta(minutes=5)
    """How far a reporter's clock may be ahead of ours."""
    policy_url: str = ""
    """Where the pages of the policy are, for the desk's menu. Empty: no link."""
