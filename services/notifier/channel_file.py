"""Reads `config/channels.yaml`: channel names (as the directory and the policy use them), each of a kind with
its settings.

Invariant: a file with a fault is refused whole, with the line to mend; nothing secret stands in it. `${NAME}`
and
`${NAME:-default}` are taken from the environment before anything else, so that ports and addresses can differ
by place.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from services.notifier import channels
from services.notifier.channels import Channel, ChannelConfig, PackFault
from shared.facts import Closed
from shared.fault_texts import in_words
from shared.lined_yaml import Lines, YamlFault, parse, text_of

VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)(?::-([^}\n]*))?\}")
ChannelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]


class _File(Closed):
    channels: Annotated[dict[ChannelName, dict[str, Any]], Field(min_length=1)]


class Configured(Closed):
    """One channel as the file has it."""

    name: str
    kind: str
    config: ChannelConfig

    def make(self, secrets: Path) -> Channel:
        return channels.kind(self.kind).make(self.name, self.config, secrets)


def expand(text: str, environ: Mapping[str, str], name: str) -> str:
    """Put the environment's values in. A variable that is not set and has no default is a fault of its
    line.
    """
    faults: list[str] = []

    def value(match: re.Match[str]) -> str:
        variable, *default = (group for group in match.groups() if group is not None)
        setting = environ.get(variable)
        if default and not setting:  # as a shell reads `:-`: also where it is set to nothing
            setting = default[0]
        if setting is None or "\n" in setting:
            line = text.count("\n", 0, match.start()) + 1
            faults.append(
                f"{name}:{line}: {variable} is not set: set it in the environment, or write ${{{variable}:-default}}"
            )
            return ""
        return setting

    expanded = VARIABLE.sub(value, text)
    if faults:
        raise YamlFault(faults)
    return expanded


def read_channels(
    text: str, environ: Mapping[str, str], name: str = "channels.yaml"
) -> dict[str, Configured]:
    """Every configured channel by its name. Raises YamlFault."""
    document, lines = parse(expand(text, environ, name), _File, name)
    faults: list[str] = []
    configured: dict[str, Configured] = {}
    kinds = channels.kinds()
    for channel, entry in document.channels.items():
        kind = entry.get("kind")
        if kind not in kinds:
            known = ", ".join(kinds)
            faults.append(
                f"{name}:{lines.of(('channels', channel, 'kind'))}: channels.{channel}.kind: {kind!r} is none of: {known}"
            )
            continue
        try:
            config = channels.kind(str(kind)).Config.model_validate(entry)
        except ValidationError as error:
            faults += _faults(error, lines, channel, name)
            continue
        except PackFault as error:
            faults.append(
                f"{name}:{lines.of(('channels', channel, 'kind'))}: channels.{channel}.kind: {error}"
            )
            continue
        configured[channel] = Configured(name=channel, kind=str(kind), config=config)
    if faults:
        raise YamlFault(faults)
    return configured


def load_channels(path: Path, environ: Mapping[str, str]) -> dict[str, Configured]:
    return read_channels(
        text_of(path, "give the path of an existing file in FENGHUO_CHANNELS"), environ, path.name
    )


def _faults(error: ValidationError, lines: Lines, channel: str, name: str) -> list[str]:
    faults: list[str] = []
    for fault in error.errors(include_url=False):
        path = ("channels", channel, *fault["loc"])
        faults.append(f"{name}:{lines.of(path)}: {'.'.join(map(str, path))}: {in_words(fault)}")
    return faults
