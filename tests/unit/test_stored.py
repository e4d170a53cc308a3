"""Nothing is there: that is believed of the stream's leader alone."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from shared.broker.stored import message_at, value_of

STAMP = "2026-11-23T03:00:00.123456789Z"
LAGS = {"Status": "404", "Description": "Message Not Found"}
NOT_FOUND = {"error": {"code": 404, "err_code": 10037, "description": "no message found"}}


class Broker:
    """Answers as a replica that lags, then as the leader does."""

    def __init__(self, headers: Mapping[str, str], leader: object = NOT_FOUND) -> None:
        self.headers, self.leader = dict(headers), leader
        self.asked: list[tuple[str, bytes]] = []

    async def ask(self, subject: str, raw: bytes) -> Msg:
        self.asked.append((subject, raw))
        is_leader = ".MSG.GET." in subject
        data = msgspec.json.encode(self.leader) if is_leader else b"value"
        return Msg(_client=Client(), data=data, headers=None if is_leader else self.headers)


def held(headers: str = "") -> dict[str, object]:
    hdrs = base64.b64encode(f"NATS/1.0\r\n{headers}\r\n".encode()).decode()
    return {
        "message": {
            "subject": "$KV.CASES.c",
            "seq": 7,
            "time": STAMP,
            "data": base64.b64encode(b"value").decode(),
            "hdrs": hdrs,
        }
    }


async def test_what_a_replica_lacks_is_asked_of_the_leader() -> None:
    broker = Broker(LAGS, held("Nats-Msg-Id: one:two\r\n"))
    stored = await value_of(broker.ask, "CASES", "c")
    assert stored is not None
    assert (stored.sequence, stored.data, stored.headers) == (7, b"value", {"Nats-Msg-Id": "one:two"})
    assert stored.at == datetime(2026, 11, 23, 3, 0, 0, 123456, UTC)
    assert [subject for subject, _ in broker.asked] == [
        "$JS.API.DIRECT.GET.KV_CASES.$KV.CASES.c",
        "$JS.API.STREAM.MSG.GET.KV_CASES",
    ]
    assert broker.asked[1][1] == b'{"last_by_subj":"$KV.CASES.c"}'


async def test_what_the_leader_lacks_too_is_not_there() -> None:
    broker = Broker(LAGS)
    assert await message_at(broker.ask, "FACTS", 9) is None
    assert len(broker.asked) == 2


async def test_what_a_replica_holds_is_not_asked_for_again() -> None:
    answer = {
        "Nats-Stream": "KV_CASES",
        "Nats-Subject": "$KV.CASES.c",
        "Nats-Sequence": "7",
        "Nats-Time-Stamp": STAMP,
        "KV-Operation": "DEL",
    }
    broker = Broker(answer)
    stored = await value_of(broker.ask, "CASES", "c")
    assert stored is not None
    assert (stored.sequence, stored.is_deletion, stored.headers) == (7, True, {"KV-Operation": "DEL"})
    assert len(broker.asked) == 1


@pytest.mark.parametrize(
    "broker", [Broker({"Status": "503"}), Broker(LAGS, {"error": {"code": 503, "description": "no leader"}})]
)
async def test_an_answer_that_says_nothing_is_no_absence(broker: Broker) -> None:
    with pytest.raises(NatsError, match="gives no answer"):
        await message_at(broker.ask, "FACTS", 1)
