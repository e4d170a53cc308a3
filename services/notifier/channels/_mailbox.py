"""The mailbox that answers by mail come into: IMAP, a bounded read at a time, in one thread of its own.

Invariant: reading leaves a mail unread; it is marked as read only when that is asked for, and only in the
same mailbox as it was read from. Of a mail no more than 64 KB are fetched, of a mailbox no more than 50
mails.
"""

import asyncio
import imaplib
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, TypeVar, cast

from pydantic import AfterValidator, Field, FilePath

from services.notifier.posting import check_authority
from shared.facts import Closed

MAIL_LIMIT = 64 * 1024
"""Bytes of one mail: what is written stands on top."""
MOST_MAILS = 50
"""Of one read."""
TIMEOUT = 10.0
"""Seconds for each step of the conversation."""
LONGEST_READ = 60.0
"""Seconds after which a conversation counts as hung."""
_Result = TypeVar("_Result")


class MailboxConfig(Closed):
    """Where replies to a channel's mails arrive."""

    host: Annotated[str, Field(min_length=1, max_length=253)]
    port: Annotated[int, Field(ge=1, le=65_535)] = 993
    tls: bool = True
    """TLS from the first byte; false only inside the house."""
    authority: Annotated[FilePath, AfterValidator(check_authority)] | None = None
    """A PEM file: the private CA that the server's certificate is from."""
    user: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,254}$")]
    password_file: str
    """The name of a file in the secrets folder."""
    folder: Annotated[str, Field(pattern=r'^[^"\\\x00-\x1f\x7f-\U0010ffff]{1,200}$')] = "INBOX"
    address: Annotated[str, Field(pattern=r"^[^\s@<>]{1,64}@[^\s@<>]{1,253}$")] | None = None
    """The address of this mailbox, where it is not that of `from`."""
    every: Annotated[timedelta, Field(ge=timedelta(seconds=1), le=timedelta(minutes=10))] = timedelta(
        seconds=10
    )


class MailboxAway(Exception):
    """The mailbox could not be read. The words say why, and what to look at."""


@dataclass(frozen=True, slots=True)
class UnreadMail:
    uid: str
    validity: str
    """Of the uid: it means this mail only as long as the mailbox says the same."""
    raw: bytes
    """The first 64 KB."""


class ReplyMailbox:
    def __init__(self, config: MailboxConfig, password: str) -> None:
        self.every = config.every.total_seconds()
        self._config, self._password = config, password
        self._thread = ThreadPoolExecutor(1, "mailbox")
        self._open: imaplib.IMAP4 | None = None

    async def unread(self) -> list[UnreadMail]:
        """The newest mails that nobody has read, the oldest of these first. Raises MailboxAway."""
        return await self._asked(self._read)

    async def mark_read(self, mail: UnreadMail) -> None:
        """Raises MailboxAway."""
        await self._asked(lambda: self._mark(mail))

    def close(self) -> None:
        """Ends a conversation that hangs, and lets the thread go."""
        if self._open is not None:
            _hang_up(self._open)
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _asked(self, ask: Callable[[], _Result]) -> _Result:
        asked = asyncio.get_running_loop().run_in_executor(self._thread, ask)
        where = f"{self._config.host}:{self._config.port}"
        try:
            async with asyncio.timeout(LONGEST_READ):
                return await asyncio.shield(asked)
        except (imaplib.IMAP4.error, OSError, ValueError) as error:  # OSError: also every timeout
            if not asked.done() and self._open is not None:
                _hang_up(self._open)
            asked.add_done_callback(lambda done: done.cancelled() or done.exception())
            raise MailboxAway(
                f"no mail can be read at {where} ({str(error)[:160] or 'no answer in time'}): "
                "see replies of the channel file, and whether the server is up"
            ) from None

    def _read(self) -> list[UnreadMail]:
        with self._conversation() as (imap, validity):
            _, found = imap.uid("SEARCH", "UNSEEN UNDELETED")
            uids: list[bytes] = (found[0] or b"").split() if found else []
            mails: list[UnreadMail] = []
            for uid in (uid.decode("ascii") for uid in uids[-MOST_MAILS:]):
                _, said = imap.uid("FETCH", uid, f"(BODY.PEEK[]<0.{MAIL_LIMIT}>)")
                parts = cast(list[tuple[bytes, bytes] | bytes | None], said)
                raw = next((part[1] for part in parts if isinstance(part, tuple)), None)
                if raw is not None:  # it was taken away meanwhile
                    mails.append(UnreadMail(uid, validity, raw[:MAIL_LIMIT]))
            return mails

    def _mark(self, mail: UnreadMail) -> None:
        with self._conversation() as (imap, validity):
            if validity == mail.validity:
                said, _ = imap.uid("STORE", mail.uid, "+FLAGS.SILENT", r"(\Seen)")
                if said != "OK":
                    raise imaplib.IMAP4.error("a mail can't be marked as read")

    @contextmanager
    def _conversation(self) -> Iterator[tuple[imaplib.IMAP4, str]]:
        config = self._config
        if config.tls:
            context = ssl.create_default_context(cafile=config.authority)
            imap = _ImapOverTls(config.host, config.port, ssl_context=context, timeout=TIMEOUT)
        else:
            imap = _PlainImap(config.host, config.port, timeout=TIMEOUT)
        self._open = imap
        try:
            imap.login(config.user, self._password)
            if "ID" in imap.capabilities:  # large providers let nobody in who does not say who they are
                imap.xatom("ID", '("name" "fenghuo")')
            said, why = imap.select(f'"{config.folder}"')
            if said != "OK":
                raise imaplib.IMAP4.error(f"folder {config.folder}: {_words(why)}")
            _, known = imap.response("UIDVALIDITY")
            yield imap, _words(known)
        finally:
            self._open = None
            _hang_up(imap)


class _Bounded:
    """No answer is longer than what was asked for."""

    def read(self, size: int) -> bytes:
        if size > MAIL_LIMIT:
            raise imaplib.IMAP4.abort(
                f"the server sends {size} bytes, no more than {MAIL_LIMIT} were asked for"
            )
        return super().read(size)  # type: ignore[misc]


class _PlainImap(_Bounded, imaplib.IMAP4):
    pass


class _ImapOverTls(_Bounded, imaplib.IMAP4_SSL):
    pass


def _hang_up(imap: imaplib.IMAP4) -> None:
    with suppress(OSError):  # it is closed already
        imap.shutdown()


def _words(said: list[Any]) -> str:
    first = said[0] if said else b""
    return first.decode("utf-8", "replace")[:160] if isinstance(first, bytes) else ""
