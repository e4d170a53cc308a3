"""A broker that stands still for longer than somebody waits for its answer is heard as soon as it goes on."""

import signal

import pytest
from nats.errors import Error as NatsError

from tests.lab import Lab


async def test_whoever_gave_up_waiting_takes_the_connection_from_nobody(own_lab: Lab) -> None:
    async with own_lab.connection("admin") as admin:
        assert own_lab.nats
        own_lab.nats.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises((NatsError, TimeoutError)):
                await admin.flush(timeout=1)
        finally:
            own_lab.nats.send_signal(signal.SIGCONT)
        await admin.flush(timeout=5)
        await admin.jetstream(timeout=5).account_info()
