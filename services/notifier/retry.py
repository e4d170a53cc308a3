"""When to try again: exponential back-off with jitter, bounded by a cap and by a number of attempts. Pure."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from shared.facts import Closed

ZERO = timedelta(0)


class RetryPolicy(Closed):
    """The first attempts come quickly; what the gateway has not taken then waits for it, and the person is tried
    by their other channels at once. That must not take minutes.
    """

    attempts: Annotated[int, Field(ge=1, le=20)] = 2
    first: Annotated[timedelta, Field(ge=ZERO)] = timedelta(seconds=1)
    """The wait after the first attempt."""
    factor: Annotated[float, Field(ge=1, le=10)] = 2.0
    cap: Annotated[timedelta, Field(ge=ZERO)] = timedelta(seconds=15)
    """No wait is longer, whatever the other side asks for."""
    jitter: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Share of a wait that is left to chance, so that many deliveries that failed together don't return
    together.
    """

    def wait_after(
        self, attempt: int, *, roll: float, asked_pause: timedelta | None = None
    ) -> timedelta | None:
        """How long to wait after the failed `attempt` (from 1); None where no quick attempt is left.

        `roll` is a random number in [0, 1); `asked_pause` what the other side asked for (Retry-After), kept up to
        the cap.
        """
        if attempt >= self.attempts:
            return None
        backed_off = min(self.first * self.factor ** (attempt - 1), self.cap)
        spread = backed_off * (1 - self.jitter * roll)
        return min(max(spread, asked_pause or ZERO), self.cap)
