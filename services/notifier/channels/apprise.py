"""What the library apprise reaches, some 130 services: one channel for one of its addresses.

Invariant: a message has one thread, of which there are never more than `at_once`, and a deadline; one that
has not begun by then is not sent any more. Apprise only says yes or no, so a no is the gateway's trouble. Its
address is a secret and stands in no message.
"""

import asyncio
import logging
import re
import threading
from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import quote

from pydantic import Field

from services.notifier.channels import (
    Channel,
    ChannelConfig,
    Form,
    Message,
    Reference,
    TransportError,
    Trouble,
    gateway_words,
)
from services.notifier.channels._thread_reach import only_public
from shared.message import N_, said
from shared.secrets import read_secret

if TYPE_CHECKING:
    from apprise import NotifyBase

ADDRESS = "{to}"
Outcome = tuple[bool, str]
"""Whether it was taken, and what apprise said."""
PRIVATE = "the service has a private address"
SECRET_PART = re.compile(r"[^/?&=:@]{4,}")


class Config(ChannelConfig):
    kind: Literal["apprise"]
    url_file: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=100)]
    """The name of a file in the secrets folder with one address of apprise; `{to}` in it is the person's."""
    private: bool = False
    """It may lead to this machine or the house's own network."""
    at_once: Annotated[int, Field(ge=1, le=16)] = 4
    timeout: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(seconds=10)


class AddressRefused(Exception):
    """Apprise makes nothing of the address."""


class AppriseChannel:
    def __init__(self, config: Config, url: str) -> None:
        self._config, self._url = config, url
        self._room = asyncio.Semaphore(config.at_once)
        self._seconds = config.timeout.total_seconds()
        try:
            with _Warnings():
                self._service(url)  # imports what the first message would else wait for
        except AddressRefused:
            if ADDRESS not in url:
                raise

    async def deliver(self, message: Message) -> Reference | None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._room.acquire()
        except TimeoutError:
            raise TransportError("every thread still waits for an answer", Trouble.GATEWAY) from None
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Outcome] = loop.create_future()

        def work() -> None:
            try:
                outcome = self._send(message)
            except Exception as error:
                _tell(loop, partial(_fail, done, error))
            else:
                _tell(loop, partial(_end, done, outcome))
            finally:
                _tell(loop, self._room.release)

        threading.Thread(target=work, name="apprise", daemon=True).start()
        try:
            async with asyncio.timeout(self._seconds):
                taken, words = await done
        except TimeoutError:
            raise TransportError(f"no answer within {self._seconds:g} s", Trouble.GATEWAY) from None
        except AddressRefused:
            raise TransportError(
                "apprise can't use that address: mend the person's address in the directory", Trouble.ADDRESS
            ) from None
        if not taken:
            refused_inside = words.startswith(PRIVATE)
            raise TransportError(words, Trouble.OURS if refused_inside else Trouble.GATEWAY)
        return None

    def _send(self, message: Message) -> Outcome:
        """In a thread of its own."""
        if message.to in (".", ".."):
            raise AddressRefused  # as a part of a path it would mean another place
        with _Warnings() as doubts:
            service = self._service(self._url.replace(ADDRESS, quote(message.to, safe="")))
        if ADDRESS in self._url and doubts.said:
            raise AddressRefused  # what it warns of before anything is sent is a target that is none
        title = message.letter.subject if self._config.form is Form.LONG else ""
        with _Warnings() as warnings, nullcontext([]) if self._config.private else only_public() as inside:
            taken = bool(service.notify(body=message.letter.text, title=title))
        if inside:
            return (
                False,
                f"{PRIVATE}, so nothing was sent: write `private: true` in the channel file if that is meant",
            )
        words = "; ".join(warnings.said) or "it says nothing more"
        return taken, f"apprise did not hand it over: {self._without_secrets(words)}"

    def _service(self, url: str) -> "NotifyBase":
        from apprise import Apprise, AppriseAsset, OverflowMode

        service = Apprise.instantiate(url, asset=AppriseAsset(async_mode=False, http_redirects=False))
        if service is None:
            raise AddressRefused
        service.redirects = False  # whatever the address asks for
        service.overflow_mode = OverflowMode.SPLIT  # cut off, the link would be lost
        service.socket_connect_timeout = service.socket_read_timeout = self._seconds
        return service

    def _without_secrets(self, words: str) -> str:
        for part in sorted(SECRET_PART.findall(self._url), key=len, reverse=True):
            words = words.replace(part, "…")
        return words

    async def close(self) -> None: ...


class _Warnings(logging.Handler):
    """What apprise warns of in this thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread and len(self.said) < 4:
            self.said.append(gateway_words(record.getMessage(), 160))

    def __enter__(self) -> "_Warnings":
        logger = logging.getLogger("apprise")
        logger.propagate = False  # it may repeat numbers and keys: what is on record is ours to say
        logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("apprise").removeHandler(self)


def _end(done: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not done.done():
        done.set_result(outcome)


def _fail(done: asyncio.Future[Outcome], error: Exception) -> None:
    if not done.done():
        done.set_exception(error)


def _tell(loop: asyncio.AbstractEventLoop, what: Callable[[], object]) -> None:
    with suppress(RuntimeError):  # the loop has ended meanwhile
        loop.call_soon_threadsafe(what)


def make(name: str, config: ChannelConfig, secrets: Path) -> Channel:
    assert isinstance(config, Config)
    url = read_secret(secrets, config.url_file).decode().strip()
    try:
        return AppriseChannel(config, url)
    except AddressRefused:
        raise ValueError(
            said(
                N_(
                    "channel %(name)s: %(file)s holds no address that apprise knows: "
                    "see https://appriseit.com/services/"
                ),
                name=name,
                file=config.url_file,
            )
        ) from None
