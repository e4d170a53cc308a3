"""A broker that stands still for longer than somebody waits for its answer is heard as soon as it goes on."""

import pytest
from nats.errors import Error as NatsError

from tests.lab import Lab, frozen


async def test_whoever_gave_up_waiting_takes_the_connection_from_nobody(frail_lab: Lab) -> None:
    async with frail_lab.connection("admin") as admin:
        with frozen(frail_lab.nats), pytest.raises((NatsError, TimeoutError)):
            await admin.flush(timeout=1)
        await admin.flush(timeout=30)
        await admin.jetstream(timeout=30).account_info()
