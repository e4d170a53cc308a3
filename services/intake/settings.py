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
    session: Annotated[timedelta, Field(ge=timedelta(seconds=1), le=timedelta(days=2))] = timedelta(hours=12)
    """How long a log-in holds from its last use on: a shift. After seven days it ends in any case."""
    trail_url: str = ""
    """Where the pages of the trail are: a log-in may lead back to them. Empty: they have none of this host."""
    policy_url: str = ""
    """Where the pages of the policy are, for the desk's menu. Empty: no link."""
