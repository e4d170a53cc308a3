"""Reads `config/channels.yaml`: channel names (as the directory and the policy use them), each of a kind with
its settings.

Invariant: a file with a fault is refused whole, with the line to mend; nothing secret stands in it. `${NAME}`
and
`${NAME:-default}` are taken from the environment before anything else, so that ports and addresses can differ
by place.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from services.notifier import channels
from services.notifier.channels import Channel, ChannelConfig, PackFault
from shared.facts import Closed
from shared.fault_texts import in_words
from shared.lined_yaml import Lines, YamlFault, parse, text_of
from shared.message import N_, Sayable, because, placed, said

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
    faults: list[Sayable] = []

    def value(match: re.Match[str]) -> str:
        variable, *default = (group for group in match.groups() if group is not None)
        setting = environ.get(variable)
        if default and not setting:  # as a shell reads `:-`: also where it is set to nothing
            setting = default[0]
        if setting is None or "\n" in setting:
            line = text.count("\n", 0, match.start()) + 1
            faults.append(
                placed(
                    name,
                    line,
                    "",
                    said(
                        N_(
                            "%(variable)s is not set: set it in the environment, or write ${%(variable)s:-default}"
                        ),
                        variable=variable,
                    ),
                )
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
    faults: list[Sayable] = []
    configured: dict[str, Configured] = {}
    kinds = channels.kinds()
    for channel, entry in document.channels.items():
        kind = entry.get("kind")
        if kind not in kinds:
            line = lines.of(("channels", channel, "kind"))
            none_of = said(N_("%(kind)s is none of: %(known)s"), kind=repr(kind), known=tuple(kinds))
            faults.append(placed(name, line, f"channels.{channel}.kind", none_of))
            continue
        try:
            config = channels.kind(str(kind)).Config.model_validate(entry)
        except ValidationError as error:
            faults += _faults(error, lines, channel, name)
            continue
        except PackFault as error:
            line = lines.of(("channels", channel, "kind"))
            faults.append(placed(name, line, f"channels.{channel}.kind", because(error)))
            continue
        configured[channel] = Configured(name=channel, kind=str(kind), config=config)
    faults += _next_gateway_faults(configured, set(document.channels), lines, name)
    faults += _beside_faults(configured, lines, name)
    if faults:
        raise YamlFault(faults)
    return configured


def line_of(name: str, configured: Mapping[str, Configured]) -> tuple[str, ...]:
    """The gateways that carry a channel's messages, in their order: its own, and those named by `instead`."""
    line: list[str] = []
    following: str | None = name
    while following is not None and following in configured and following not in line:
        line.append(following)
        following = configured[following].config.instead
    return tuple(line)


def with_replies(configured: Mapping[str, Configured]) -> frozenset[str]:
    """The channels over which people may be told to reply: whichever of its gateways carries a message hears it."""
    return frozenset(
        name
        for name in configured
        if all(configured[gateway].config.takes_replies for gateway in line_of(name, configured))
    )


def with_buttons(configured: Mapping[str, Configured]) -> frozenset[str]:
    """The channels whose messages are cards: where another gateway carries one, it names the link alone."""
    return frozenset(name for name in with_replies(configured) if configured[name].config.has_buttons)


def _beside_faults(configured: Mapping[str, Configured], lines: Lines, name: str) -> Iterator[Sayable]:
    """What nothing relies on carries no messages of others, and there is one of it: people are asked for one key."""
    beside = [channel for channel, entry in configured.items() if entry.config.is_beside]
    for channel in beside[1:]:
        words = said(N_("%(channel)s is a way to browsers already: leave one of them out"), channel=beside[0])
        yield placed(name, lines.of(("channels", channel, "kind")), f"channels.{channel}.kind", words)
    for channel, entry in configured.items():
        instead = entry.config.instead
        if instead is not None and (channel in beside or instead in beside):
            words = said(N_("a way to browsers takes no other's place, and no other takes its"))
            yield placed(
                name, lines.of(("channels", channel, "instead")), f"channels.{channel}.instead", words
            )


def _next_gateway_faults(
    configured: Mapping[str, Configured], declared: Collection[str], lines: Lines, name: str
) -> Iterator[Sayable]:
    for channel, entry in configured.items():
        instead = entry.config.instead
        if instead is None or (instead in declared and instead not in configured):
            continue  # that one has a fault of its own
        path = ("channels", channel, "instead")
        if instead not in configured:
            words = said(
                N_("%(instead)s is no channel of this file: name one of %(known)s"),
                instead=repr(instead),
                known=tuple(each for each in configured if each != channel),
            )
        elif configured[line_of(channel, configured)[-1]].config.instead == channel:
            words = said(
                N_("leads back to %(channel)s: let the last of the line name no other"), channel=channel
            )
        elif configured[instead].config.form is not entry.config.form:
            words = said(
                N_(
                    "%(instead)s carries %(its)s messages and %(channel)s %(ours)s ones: give both the same `form`"
                ),
                instead=instead,
                its=configured[instead].config.form.value,
                channel=channel,
                ours=entry.config.form.value,
            )
        else:
            continue
        yield placed(name, lines.of(path), ".".join(path), words)


def load_channels(path: Path, environ: Mapping[str, str]) -> dict[str, Configured]:
    return read_channels(
        text_of(path, N_("give the path of an existing file in FENGHUO_CHANNELS")), environ, path.name
    )


def _faults(error: ValidationError, lines: Lines, channel: str, name: str) -> list[Sayable]:
    faults: list[Sayable] = []
    for fault in error.errors(include_url=False):
        path = ("channels", channel, *fault["loc"])
        faults.append(placed(name, lines.of(path), ".".join(map(str, path)), in_words(fault)))
    return faults
