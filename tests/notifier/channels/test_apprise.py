"""What apprise reaches: in bounded threads, with a deadline, never inside the house unless that is meant."""

import asyncio
import threading
import time
from pathlib import Path

import pytest

from services.notifier.channels import TransportError, Trouble
from tests.notifier.channels.scripted import (
    TEXT,
    Heard,
    answer,
    channel,
    gateway,
    hangs,
    message,
    secret_files,
    trickles,
)

ENTRY = "kind: apprise\nurl_file: push\ntimeout: PT1S\nat_once: 2"
INSIDE = f"{ENTRY}\nprivate: true"


def address(folder: Path, url: str) -> Path:
    return secret_files(folder, push=url)


def threads() -> int:
    return sum(thread.name == "apprise" for thread in threading.enumerate())


async def test_a_message_goes_where_the_address_leads(tmp_path: Path) -> None:
    async with gateway(answer({})) as lab:
        secrets = address(tmp_path, f"json://hall:sesame@127.0.0.1:{lab.port}/{{to}}")
        async with channel(INSIDE, secrets) as push:
            assert await push.deliver(message("duty desk")) is None
        [heard] = lab.heard
    assert heard.path == "/duty%20desk"
    assert heard.json["message"] == TEXT


@pytest.mark.parametrize(
    ("status", "words"), [("503 Service Unavailable", "503"), ("400 Bad Request", "400")]
)
async def test_a_no_is_the_gateways_trouble_and_names_no_secret(
    status: str, words: str, tmp_path: Path
) -> None:
    async with gateway(answer({}, status)) as lab:
        secrets = address(tmp_path, f"json://hall:sesame@127.0.0.1:{lab.port}/hook-of-ours")
        async with channel(INSIDE, secrets) as push:
            with pytest.raises(TransportError) as refused:
                await push.deliver(message())
    assert refused.value.trouble is Trouble.GATEWAY
    assert words in refused.value.reason
    assert "sesame" not in refused.value.reason
    assert "hook-of-ours" not in refused.value.reason


async def test_a_redirect_is_not_followed_whatever_the_address_asks_for(tmp_path: Path) -> None:
    async with (
        gateway(answer({})) as inside,
        gateway(answer({}, "307 Temporary Redirect", Location=inside.url)) as lab,
    ):
        secrets = address(tmp_path, f"json://127.0.0.1:{lab.port}/?redirect=yes")
        async with channel(INSIDE, secrets) as push:
            with pytest.raises(TransportError):
                await push.deliver(message())
        assert inside.heard == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_inside_the_house_nothing_is_sent_unless_it_is_meant(host: str, tmp_path: Path) -> None:
    async with gateway(answer({})) as lab:
        secrets = address(tmp_path, f"json://{host}:{lab.port}/")
        async with channel(ENTRY, secrets) as push:
            with pytest.raises(TransportError) as refused:
                await push.deliver(message())
        assert lab.heard == []
        async with channel(INSIDE, secrets) as push:
            await push.deliver(message())
        assert len(lab.heard) == 1, "the other channel's threads are not held"
    assert refused.value.trouble is Trouble.OURS
    assert "private: true" in refused.value.reason


@pytest.mark.parametrize("says", [hangs, trickles])
async def test_a_service_that_hangs_holds_no_more_threads_than_allowed_and_delays_nobody(
    says: object, tmp_path: Path
) -> None:
    async with gateway(says) as lab:  # pyright: ignore[reportArgumentType]
        secrets = address(tmp_path, f"json://127.0.0.1:{lab.port}/")
        async with channel(INSIDE, secrets) as push:
            began = time.perf_counter()
            ends = await asyncio.gather(*(push.deliver(message()) for _ in range(8)), return_exceptions=True)
            took = time.perf_counter() - began
            assert threads() <= 2
    assert all(isinstance(end, TransportError) and end.trouble is Trouble.GATEWAY for end in ends)
    assert took < 6
    assert len(lab.heard) <= 4, "what had not begun by its deadline is not sent later"


async def test_an_address_that_apprise_can_not_use_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="push holds no address that apprise knows"):
        async with channel(INSIDE, address(tmp_path, "pigeon://loft")):
            pass
    async with channel(INSIDE, address(tmp_path, "whatsapp://token@12345/{to}")) as push:
        with pytest.raises(TransportError) as refused:
            await push.deliver(message("no number"))
    assert refused.value.trouble is Trouble.ADDRESS


async def test_a_long_text_comes_in_parts_and_its_link_is_not_lost(tmp_path: Path) -> None:
    async with gateway(answer({})) as lab:
        secrets = address(tmp_path, f"json://127.0.0.1:{lab.port}/")
        async with channel(INSIDE, secrets) as push:
            await push.deliver(message(text="险情" * 30_000 + " https://fh.example/a/Xk3v"))
        said: list[Heard] = lab.heard
    assert said[-1].json["message"].endswith("https://fh.example/a/Xk3v")


def test_apprise_is_imported_where_it_is_used_and_nowhere_else() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from services.notifier import app, channels; "
        "[channels.kind(name) for name in channels.kinds()]; print('apprise' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
