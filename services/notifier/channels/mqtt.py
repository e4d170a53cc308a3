"""A topic of an MQTT broker: sirens, display boards and consoles that listen there get the message as JSON.

Invariant: an address fills one level of the configured topic and never adds one. Handed over is what the
broker has confirmed (PUBACK); by version 5 it also says that it may not be published there, or that nobody
listens. Nothing is retained. A connection that left a message unconfirmed is given up, so that nothing leaves
later than it was said to; what the broker had taken by then comes twice, under the same `id`.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import orjson
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from pydantic import AfterValidator, BeforeValidator, Field, FilePath, model_validator

from services.notifier.channels import (
    Channel,
    ChannelConfig,
    Message,
    Reference,
    Taken,
    TransportError,
    Trouble,
)
from services.notifier.channels.webhook import payload
from services.notifier.posting import check_authority
from shared.message import N_, said
from shared.secrets import read_secret

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=100)]
PLACEHOLDER = re.compile(r"\{(\w*)\}")
KNOWN = ("to", "level", "language", "case")
LEVEL = re.compile(r"[\w.@-][\w.@ -]{0,63}")
"""One level of a topic: neither a wildcard (`+`, `#`), nor a separator, nor what belongs to the broker (`$…`)."""
KEEP_ALIVE = 30
"""Seconds after which a silent connection is asked whether it lives."""
AT_LEAST_ONCE = 1
FOR_OURS = frozenset((132, 133, 134, 135, 138, 140, 149, 155))
"""MqttVersion, client id, log-in, rights, banned, method, size, quality of service."""
FOR_THE_ADDRESS = frozenset((16, 144))
"""Nobody listens there; no name of a topic."""


class MqttVersion(StrEnum):
    V5 = "5"
    V311 = "3.1.1"


_PAHO = {MqttVersion.V5: MQTTProtocolVersion.MQTTv5, MqttVersion.V311: MQTTProtocolVersion.MQTTv311}


def _topic(topic: str) -> str:
    levels = PLACEHOLDER.sub("x", topic).split("/")
    if not all(LEVEL.fullmatch(level) for level in levels):
        raise ValueError(
            said(
                N_("%(topic)s is no topic: write words with slashes between, such as city/alerts/{to}"),
                topic=repr(topic),
            )
        )
    if unknown := [name for name in PLACEHOLDER.findall(topic) if name not in KNOWN]:
        raise ValueError(
            said(N_("%(kind)s is none of: %(known)s"), kind=repr(unknown[0]), known=tuple(KNOWN))
        )
    return topic


class Config(ChannelConfig):
    kind: Literal["mqtt"]
    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]{1,253}$")]
    port: Annotated[int, Field(ge=1, le=65_535)] = 8883
    tls: bool = True
    """False only inside the house: the password and the message are read by whoever is on the line."""
    authority: Annotated[FilePath, AfterValidator(check_authority)] | None = None
    """A PEM file: the private CA that the broker's certificate is from. None: those the system trusts."""
    topic: Annotated[str, Field(max_length=200), AfterValidator(_topic)]
    version: Annotated[MqttVersion, BeforeValidator(str)] = MqttVersion.V5
    user: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    password_file: FileName | None = None
    """The name of a file in the secrets folder."""
    expires: Annotated[timedelta, Field(ge=timedelta(seconds=1), le=timedelta(days=7))] | None = None
    """After which the broker drops what a listener that is away has not fetched."""
    at_once: Annotated[int, Field(ge=1, le=64)] = 16

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.expires is not None and self.version is not MqttVersion.V5:
            raise ValueError(N_("`expires` is known by version 5 alone: leave it out, or write `version: 5`"))
        if self.password_file is not None and self.user is None:
            raise ValueError(N_("a password needs a user: write `user`"))
        return self


class _Refused(Exception):
    """The broker's own answer: it does not take us, or this message."""

    def __init__(self, code: ReasonCode) -> None:
        self.code, self.words = code.value, str(code)
        super().__init__(self.words)


class _MqttLine:
    """One connection, in a thread of paho's; used until it breaks, and never mended."""

    def __init__(self, name: str, config: Config, password: str | None, tls: ssl.SSLContext | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._config, self.is_over = config, False
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._unconfirmed: dict[int, asyncio.Future[ReasonCode]] = {}
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id="" if config.version is MqttVersion.V5 else f"fenghuo-{name}-{id(self):x}",
            protocol=_PAHO[config.version],
            reconnect_on_failure=False,
        )
        client.suppress_exceptions = True
        client.connect_timeout = config.timeout.total_seconds()
        client.max_inflight_messages_set(config.at_once)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_publish = self._on_publish
        if config.user is not None:
            client.username_pw_set(config.user, password)
        if tls is not None:
            client.tls_set_context(tls)
        self._client = client

    async def open(self, thread: ThreadPoolExecutor) -> None:
        try:
            await self._loop.run_in_executor(thread, self._dial)
            await self._opened
        except BaseException:
            self.hang_up()
            raise

    def _dial(self) -> None:
        if self.is_over:  # given up while it waited for the thread
            return
        self._client.connect(self._config.host, self._config.port, KEEP_ALIVE)
        if self.is_over:
            self._client.disconnect()
        else:
            self._client.loop_start()

    async def publish(self, topic: str, body: bytes) -> ReasonCode:
        info = self._client.publish(topic, body, AT_LEAST_ONCE, retain=False, properties=self._properties())
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise ConnectionError(f"not sent: {info.rc.name}")
        confirmed: asyncio.Future[ReasonCode] = self._loop.create_future()
        self._unconfirmed[info.mid] = confirmed
        try:
            return await confirmed
        finally:
            self._unconfirmed.pop(info.mid, None)

    def _properties(self) -> Properties | None:
        if self._config.version is not MqttVersion.V5:
            return None
        properties = Properties(PacketTypes.PUBLISH)
        properties.ContentType = "application/json"
        properties.PayloadFormatIndicator = 1
        if self._config.expires is not None:
            properties.MessageExpiryInterval = int(self._config.expires.total_seconds())
        return properties

    def hang_up(self) -> None:
        """At once; what is unconfirmed stays so."""
        self._end(ConnectionError("the connection was given up"))
        if isinstance(connection := self._client.socket(), socket.socket):
            with suppress(OSError):  # it is closed already
                connection.shutdown(socket.SHUT_RDWR)

    def leave(self) -> None:
        """In good order. For a thread: it waits until paho's has ended."""
        self.is_over = True
        self._client.disconnect()
        self._client.loop_stop()

    def _end(self, error: Exception) -> None:
        self.is_over = True
        for waiting in (self._opened, *self._unconfirmed.values()):
            if not waiting.done():
                waiting.set_exception(error)
                waiting.exception()  # somebody may have gone

    # What paho's thread is told: each is passed to the loop

    def _on_connect(
        self, _: Client, __: Any, ___: ConnectFlags, code: ReasonCode, ____: Properties | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._connected, code)

    def _on_disconnect(
        self, _: Client, __: Any, ___: DisconnectFlags, code: ReasonCode, ____: Properties | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._end, _Refused(code))

    def _on_publish(self, _: Client, __: Any, mid: int, code: ReasonCode, ___: Properties) -> None:
        self._loop.call_soon_threadsafe(self._confirmed, mid, code)

    def _connected(self, code: ReasonCode) -> None:
        if code.is_failure:
            self._end(_Refused(code))
        elif not self._opened.done():
            self._opened.set_result(None)

    def _confirmed(self, mid: int, code: ReasonCode) -> None:
        waiting = self._unconfirmed.get(mid)
        if waiting is not None and not waiting.done():
            waiting.set_result(code)


class MqttChannel:
    def __init__(self, name: str, config: Config, password: str | None) -> None:
        self._name, self._config, self._password = name, config, password
        self._tls = ssl.create_default_context(cafile=config.authority) if config.tls else None
        self._line: _MqttLine | None = None
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, f"mqtt-{name}")

    async def deliver(self, message: Message) -> Reference | None:
        topic = topic_for(self._config.topic, message)
        body = orjson.dumps({"id": message.id, **orjson.loads(payload(message))})
        where = f"{self._config.host}:{self._config.port}"
        try:
            async with asyncio.timeout(self._config.timeout.total_seconds()):
                line = await self._connected()
                code = await self._publish(line, topic, body)
        except _Refused as refused:
            raise refusal(refused.code, refused.words, where) from None
        except (OSError, ValueError) as error:  # OSError: also every timeout
            words = str(error) or "no answer in time"
            raise TransportError(f"no word from the broker {where} ({words})", Trouble.GATEWAY) from None
        if code.is_failure or code.value in FOR_THE_ADDRESS:
            raise refusal(code.value, str(code), topic)
        return Taken("", str(code))

    async def _publish(self, line: _MqttLine, topic: str, body: bytes) -> ReasonCode:
        try:
            return await line.publish(topic, body)
        except asyncio.CancelledError:
            line.hang_up()
            raise

    async def _connected(self) -> _MqttLine:
        async with self._turn:
            if self._line is None or self._line.is_over:
                line = _MqttLine(self._name, self._config, self._password, self._tls)
                await line.open(self._thread)
                self._line = line
            return self._line

    async def close(self) -> None:
        if (line := self._line) is not None and not line.is_over:
            leaving = asyncio.get_running_loop().run_in_executor(self._thread, line.leave)
            _, late = await asyncio.wait([leaving], timeout=2)
            if late:
                line.hang_up()
        self._thread.shutdown(wait=False, cancel_futures=True)


def topic_for(template: str, message: Message) -> str:
    """The topic of one message. Raises TransportError for an address that is more than one level of it."""
    values: Mapping[str, str] = {
        "to": message.to,
        "level": message.level or "none",
        "language": message.language,
        "case": message.case or "none",
    }
    if "{to}" in template and LEVEL.fullmatch(message.to) is None:
        raise TransportError(
            f"{message.to!r} is no level of a topic: mend the person's address in the directory",
            Trouble.ADDRESS,
        )
    return PLACEHOLDER.sub(lambda name: values[name[1]], template)


def refusal(code: int, words: str, where: str) -> TransportError:
    said = f"the broker answered {code} {words} for {where}"
    if code in FOR_THE_ADDRESS:
        return TransportError(f"{said}: does anything listen there? mend the address", Trouble.ADDRESS)
    if code in FOR_OURS:
        return TransportError(f"{said}: see user, password, its rights and version", Trouble.OURS)
    return TransportError(said, Trouble.GATEWAY)


def make(name: str, config: ChannelConfig, secrets: Path) -> Channel:
    assert isinstance(config, Config)
    password = read_secret(secrets, config.password_file).decode().strip() if config.password_file else None
    return MqttChannel(name, config, password)
