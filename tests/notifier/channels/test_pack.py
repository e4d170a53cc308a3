"""A kind of channel that another package brings: found by its entry point, told from ours, refused in words."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.notifier import channels
from services.notifier.channel_file import read_channels
from shared.lined_yaml import YamlFault
from tests.notifier.channels.scripted import MESSAGE, channel

PIGEON = """
from pathlib import Path
from typing import Literal

from services.notifier.channels import Channel, ChannelConfig, Message, TransportError, Trouble


class Config(ChannelConfig):
    kind: Literal["pigeon"]
    loft: Path


class Pigeon:
    def __init__(self, loft: Path) -> None:
        self._loft = loft

    async def deliver(self, message: Message) -> str | None:
        try:
            (self._loft / message.id).write_text(message.letter.text, encoding="utf-8")
        except OSError as error:
            raise TransportError(f"the loft: {error}", Trouble.GATEWAY) from None
        return message.id

    async def close(self) -> None: ...


def make(name: str, config: ChannelConfig, secrets: Path) -> Channel:
    return Pigeon(config.loft)
"""


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What pip would have installed: a module and the metadata of its distribution."""
    (tmp_path / "fenghuo_pigeon.py").write_text(PIGEON)
    (tmp_path / "fenghuo_empty.py").write_text("")
    (tmp_path / "fenghuo_broken.py").write_text("1 / 0")
    info = tmp_path / "fenghuo_pigeon-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fenghuo-pigeon\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[fenghuo.channels]\npigeon = fenghuo_pigeon\nempty = fenghuo_empty\nbroken = fenghuo_broken\n"
        "email = fenghuo_pigeon\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in ("fenghuo_pigeon", "fenghuo_empty", "fenghuo_broken"):
        sys.modules.pop(name, None)


async def test_a_kind_of_another_package_delivers_like_ours(packages: Path, tmp_path: Path) -> None:
    assert "pigeon" in channels.kinds()
    async with channel(f"kind: pigeon\nloft: {tmp_path}", tmp_path) as pigeon:
        assert await pigeon.deliver(MESSAGE) == MESSAGE.id
    assert (tmp_path / MESSAGE.id).read_text(encoding="utf-8") == MESSAGE.letter.text


def test_only_a_kind_in_use_is_imported(packages: Path) -> None:
    channels.kinds()
    assert "fenghuo_broken" not in sys.modules
    assert "fenghuo_pigeon" not in sys.modules


def test_no_package_takes_the_place_of_a_kind_of_ours(packages: Path) -> None:
    assert channels.kind("email").Config.__module__ == "services.notifier.channels.email"
    assert channels.kinds().count("email") == 1


@pytest.mark.parametrize(
    ("kind", "words"), [("empty", "offers no Config and make"), ("broken", "ZeroDivisionError")]
)
def test_a_package_that_can_not_be_used_is_named_with_its_line(packages: Path, kind: str, words: str) -> None:
    with pytest.raises(YamlFault, match=rf"channels.yaml:3: channels.sms.kind: .*{words}"):
        read_channels(f"channels:\n  sms:\n    kind: {kind}\n", {})


def test_a_fault_of_its_entry_names_the_line_like_ours(packages: Path) -> None:
    with pytest.raises(YamlFault, match=r"channels.yaml:4: channels.sms.colour: .*not a field"):
        read_channels("channels:\n  sms:\n    kind: pigeon\n    colour: red\n    loft: /tmp\n", {})
