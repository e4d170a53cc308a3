"""A subject of a NATS broker: whoever listens there gets the message as JSON, as a webhook would.

Invariant: an address adds to the configured prefix and never leaves it; the broker's own subjects and
Fenghuo's are refused. Handed over is what a stream has stored (`stored: true`), where the message's own id
keeps a repeat from being stored twice; or what the broker has confirmed to have read.
"""

import asyncio
import re
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoServersError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.errors import APIError, NoStreamResponseError
from pydantic import AfterValidator, Field
from yarl import URL

from services.notifier.channels import (
    Channel,
    ChannelConfig,
    Message,
    Reference,
    TransportError,
    Trouble,
)
from services.notifier.channels.webhook import payload
from shared.message import N_, said
from shared.secrets import read_secret
from shared.subjects import OWN_SUBJECTS

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=100)]
TOKENS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}(\.[A-Za-z0-9_-]{1,64}){0,7}")
"""Words with dots between; neither a wildcard nor what belongs to the broker (`$…`, `_…`)."""
MESSAGE_ID = "Nats-Msg-Id"


def _server(url: str) -> str:
    parsed = URL(url)
    if parsed.scheme not in ("nats", "tls") or not parsed.host or parsed.user:
        raise ValueError(
            said(
                N_("%(url)s is no broker: give nats://host:4222 or tls://host:4222 without a password"),
                url=repr(url),
            )
        )
    return url


def _prefix(subject: str) -> str:
    if TOKENS.fullmatch(subject) is None:
        raise ValueError(
            said(
                N_("%(subject)s is no prefix: write words with dots between, such as city.alerts"),
                subject=repr(subject),
            )
        )
    if subject.split(".", maxsplit=1)[0] in OWN_SUBJECTS:
        raise ValueError(
            said(N_("%(subject)s is Fenghuo's own: take another first word"), subject=repr(subject))
        )
    return subject


class Config(ChannelConfig):
    kind: Literal["nats"]
    url: Annotated[str, AfterValidator(_server)]
    subject: Annotated[str, AfterValidator(_prefix)]
    """What stands before each address."""
    stored: bool = True
    """A stream of that broker stores what comes there, and says so."""
    credentials_file: FileName | None = None
    """The name of a file in the secrets folder with a user's JWT and seed (`.creds`)."""
    seed_file: FileName | None = None
    """The name of a file in the secrets folder with an nkey seed."""
    token_file: FileName | None = None
    """The name of a file in the secrets folder with a token."""


class NatsChannel:
    def __init__(self, name: str, config: Config, login: dict[str, Any]) -> None:
        self._name, self._config, self._login = name, config, login
        self._connection: Client | None = None
        self._turn = asyncio.Lock()
        self._seconds = config.timeout.total_seconds()

    async def deliver(self, message: Message) -> Reference | None:
        if TOKENS.fullmatch(message.to) is None:
            raise TransportError(
                f"{message.to!r} is no end of a subject: mend the person's address in the directory",
                Trouble.ADDRESS,
            )
        subject = f"{self._config.subject}.{message.to}"
        try:
            async with asyncio.timeout(self._seconds):
                return await self._publish(subject, message)
        except NoStreamResponseError:
            raise TransportError(
                f"no stream stores {self._config.subject}: make one there, or write `stored: false`",
                Trouble.OURS,
            ) from None
        except APIError as error:
            raise TransportError(
                f"the stream does not take it ({error.description})", Trouble.GATEWAY
            ) from None
        except (TimeoutError, NatsTimeoutError, NoServersError, NatsError, OSError) as error:
            words = str(error) or type(error).__name__
            is_log_in = "authorization" in words.lower()
            raise TransportError(
                f"no word from the broker {URL(self._config.url).host} ({words})",
                Trouble.OURS if is_log_in else Trouble.GATEWAY,
            ) from None

    async def _publish(self, subject: str, message: Message) -> Reference | None:
        connection = await self._connected()
        body, headers = payload(message), {MESSAGE_ID: message.id}
        if self._config.stored:
            stored = await connection.jetstream(timeout=self._seconds).publish(subject, body, headers=headers)
            return f"{stored.stream}:{stored.seq}"
        await connection.publish(subject, body, headers=headers)
        await connection.flush(timeout=max(1, int(self._seconds)))
        return None

    async def _connected(self) -> Client:
        async with self._turn:
            if self._connection is None or self._connection.is_closed:
                self._connection = await nats.connect(
                    servers=[self._config.url],
                    name=f"fenghuo channel {self._name}",
                    connect_timeout=max(1, int(self._seconds)),
                    allow_reconnect=False,
                    error_cb=_unheard,
                    **self._login,
                )
            return self._connection

    async def close(self) -> None:
        if self._connection is not None:
            with suppress(NatsError, OSError):
                await self._connection.close()


async def _unheard(_: Exception) -> None:
    """What goes wrong is said by the attempt that finds it."""


def make(name: str, config: ChannelConfig, secrets: Path) -> Channel:
    assert isinstance(config, Config)
    login: dict[str, Any] = {}
    if config.credentials_file:
        read_secret(secrets, config.credentials_file)
        login["user_credentials"] = str(secrets / config.credentials_file)
    if config.seed_file:
        login["nkeys_seed_str"] = read_secret(secrets, config.seed_file).decode().strip()
    if config.token_file:
        login["token"] = read_secret(secrets, config.token_file).decode().strip()
    return NatsChannel(name, config, login)
