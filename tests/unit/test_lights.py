"""What the lights say: a queue that stands still, a service that is silent or not ready, a broker that can't
write, a clock that is off.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.broker.stillness import STILL_AFTER, Queue, Stillness
from shared.clock_skew import BROKER, off_words
from shared.lights import FRESH, Light, Word, broker_says, brokers_say, lights_out, read_light
from shared.streams import durable_configs

NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)
READY = Word(True)


def light(service: str, word: Word = READY, ago: timedelta = timedelta(0)) -> Light:
    return Light(service, NOW - ago, word)


def test_a_queue_stands_still_from_when_it_was_first_seen_so() -> None:
    stillness = Stillness()

    assert stillness.seconds("audit", Queue(done=7, waiting=3), now=100) == 0
    assert stillness.seconds("audit", Queue(done=7, waiting=9), now=130) == 30
    assert stillness.seconds("audit", Queue(done=8, waiting=8), now=131) == 0, "it moved"
    assert stillness.seconds("audit", Queue(done=8, waiting=0), now=200) == 0
    assert stillness.seconds("audit", Queue(done=8, waiting=1), now=300) == 0, (
        "it was empty until a moment ago"
    )


def test_what_a_process_that_died_had_in_hand_is_no_standstill_until_it_is_handed_out_again() -> None:
    stillness = Stillness()
    in_hand = Queue(done=7, waiting=3, back_after=60)

    assert stillness.seconds("audit", in_hand, now=100) == 0
    assert stillness.seconds("audit", in_hand, now=160) == 0, "until now nobody could have done it"
    assert stillness.seconds("audit", in_hand, now=195) == 35, (
        "it has been handed out again, and nothing came of it"
    )
    assert stillness.seconds("audit", Queue(done=7, waiting=3), now=196) == 96, (
        "nobody has it in hand: whoever works might take it"
    )


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=40))
def test_a_queue_never_stands_still_for_longer_than_nothing_was_done(looks: list[tuple[int, int]]) -> None:
    stillness, done, moved_at = Stillness(), 0, 0
    for now, (more, waiting) in enumerate(looks):
        done += more
        moved_at = now if more or not waiting else moved_at
        assert stillness.seconds("lane", Queue(done, waiting), now) <= now - moved_at


def test_what_a_killed_service_held_is_handed_out_again_before_its_queue_counts_as_standing_still() -> None:
    assert {name for _, name, wait in waits() if wait > STILL_AFTER.total_seconds() / 2} == set()


def waits() -> list[tuple[str, str | None, float]]:
    return [(stream, durable.durable_name, durable.ack_wait or 0.0) for stream, durable in durable_configs()]


def test_all_lights_are_on_where_each_service_said_a_moment_ago_that_it_is_ready() -> None:
    assert lights_out([light("intake"), light("audit", ago=FRESH)], ["intake", "audit"]) == []


def test_a_service_that_is_silent_or_has_a_replica_that_is_not_ready_is_a_light_that_is_out() -> None:
    dark = Word(ready=False, dark={"channels": "sms takes nothing"})
    told = [
        light("intake", ago=timedelta(seconds=31)),
        light("audit"),
        light("notifier"),
        light("notifier", dark),
    ]

    assert lights_out(told, ["intake", "audit", "notifier"]) == [
        "intake says nothing",
        "notifier is not ready: channels: sms takes nothing",
    ]
    assert lights_out([], ["intake"]) == ["intake says nothing"]


def test_a_replica_that_has_ended_is_not_asked_for_once_another_speaks() -> None:
    gone = light("intake", Word(ready=False, dark={"board": "loading"}), ago=timedelta(seconds=40))
    assert lights_out([gone, light("intake")], ["intake"]) == []


def test_a_word_is_read_as_it_was_written_and_what_is_none_is_no_light() -> None:
    word = Word(ready=False, dark={"storage": "full"})
    assert read_light("$KV.LIGHTS.audit.1f", NOW, msgspec.json.encode(word)) == Light("audit", NOW, word)
    assert read_light("$KV.LIGHTS.audit.1f", NOW, b"") is None


@contextmanager
def monitoring(status: int, body: bytes) -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/healthz", "the plain one: with ?js-enabled-only it says ok on a full disk"
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
            return

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


FULL = b'{"status":"unavailable","error":"JetStream stream \'CORE > FACTS\' write error: no space left on device"}'


async def test_a_brokers_own_word_that_it_cannot_write_is_told_and_one_of_three_may_be_away() -> None:
    with monitoring(200, b'{"status":"ok"}') as well, monitoring(503, FULL) as full:
        assert broker_says(well) == ""
        assert (
            broker_says(full)
            == "the broker says: JetStream stream 'CORE > FACTS' write error: no space left on device"
        )
        assert await brokers_say((well, well, full)) == ""
        assert "no space left" in await brokers_say((full, well, full))
        assert "no space left" in await brokers_say((full,))
    assert "does not answer" in await brokers_say((well,))
    assert await brokers_say(()) == ""


@pytest.mark.parametrize(("seconds", "words"), [(412, "412 s ahead of"), (-7.2, "7 s behind")])
def test_a_clock_that_is_off_is_named_with_the_way_out(seconds: float, words: str) -> None:
    assert words in off_words(BROKER, timedelta(seconds=seconds))
    assert "NTP" in off_words(BROKER, timedelta(seconds=seconds))
