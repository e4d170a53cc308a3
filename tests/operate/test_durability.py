"""One broker that syncs lazily says what a power cut takes; three copies, or a sync before each confirmation,
take nothing.
"""

import pytest

from fenghuo.durability import lazily_kept, looked_up, syncs_always
from tests.lab import Lab


@pytest.mark.parametrize(
    ("copies", "syncs", "is_said"),
    [
        (1, [True], False),
        (1, [False], True),
        (2, [False, False], True),
        (3, [False, False, False], False),
        (1, [None], False),
        (1, [], False),
    ],
)
def test_what_a_power_cut_may_take_is_said_where_it_takes_anything(
    copies: int, syncs: list[bool | None], is_said: bool
) -> None:
    assert bool(lazily_kept(copies, syncs)) is is_said


def test_the_way_out_is_named() -> None:
    assert "FENGHUO_NATS_SYNC=always" in lazily_kept(1, [False])
    assert "FENGHUO_REPLICAS=3" in lazily_kept(1, [False])


def test_what_the_broker_does_not_say_is_not_claimed() -> None:
    assert syncs_always("http://127.0.0.1:1") is None


async def test_a_broker_that_syncs_lazily_is_found_out(lab: Lab) -> None:
    settings = lab.settings("admin", nats_monitor=f"http://127.0.0.1:{lab.monitor_port}")
    assert "1 copy and the broker syncs lazily" in await looked_up(settings), (
        "as tests/conftest.py has it for labs"
    )
