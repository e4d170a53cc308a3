"""Mail over SMTP: implicit TLS, STARTTLS or plain; a few connections kept open and used one message at a
time.

Invariant: a connection is used again only after a whole answer to the last message. What a server refuses
with 4xx is tried again; 5xx is final, and about the recipient only where the server says so (RFC 3463).
Headers are built by the standard library's mail policy, which refuses a line break in any of them.
"""

import asyncio
import re
from contextlib import suppress
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Annotated, Literal

from aiosmtplib import SMTP, SMTPException, SMTPNotSupported, SMTPRecipientsRefused, SMTPResponseException
from pydantic import AfterValidator, Field, FilePath

from services.notifier.channels import (
    Channel,
    ChannelConfig,
    Form,
    MailboxConfig,
    Message,
    Reference,
    ReplyMailbox,
    TransportError,
    Trouble,
)
from services.notifier.posting import check_authority
from shared.message import N_
from shared.secrets import read_secret

IDLE_SECONDS = 20.0
"""Servers close idle connections, most after a minute or more; an older one is not trusted."""
STATUS = re.compile(r"5\.(\d{1,3}\.\d{1,3})\b")
"""An enhanced status code says what a refusal is about."""
ABOUT_RECIPIENT = re.compile(r"1\.(?![78]$)\d+|2\.\d+")
"""Address and mailbox. All else is about us: our own address (1.7, 1.8), the network, our mail, our rights."""
REFUSES_RECIPIENT = frozenset((550, 551, 552, 553))
"""Without an enhanced code, at the recipient's address."""


def _mailbox(value: str) -> str:
    if "\n" in value or "\r" in value or "@" not in parseaddr(value)[1]:
        raise ValueError(N_("give one mail address, such as `Fenghuo <duty@city.example>`"))
    return value


class Config(ChannelConfig):
    kind: Literal["email"]
    form: Form = Form.LONG
    host: str
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    sender: Annotated[str, AfterValidator(_mailbox), Field(alias="from")]
    tls: bool = False
    """TLS from the first byte (port 465)."""
    starttls: bool = True
    """Demand STARTTLS; a server without it is refused rather than spoken to in the clear."""
    authority: Annotated[FilePath, AfterValidator(check_authority)] | None = None
    """A PEM file: the private CA that the server's certificate is from. None: those the system trusts."""
    user: str | None = None
    password_file: str | None = None
    """The name of a file in the secrets folder."""
    replies: MailboxConfig | None = None
    """The mailbox into which people answer; None: only the link answers."""
    at_once: Annotated[int, Field(ge=1, le=50)] = 8
    timeout: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(seconds=10)

    @property
    def takes_replies(self) -> bool:
        return self.replies is not None

    def mailbox(self, secrets: Path) -> ReplyMailbox | None:
        if self.replies is None:
            return None
        return ReplyMailbox(self.replies, read_secret(secrets, self.replies.password_file).decode().strip())


class EmailChannel:
    def __init__(self, config: Config, password: str | None) -> None:
        self._config = config
        self._password = password
        self._idle: list[tuple[float, SMTP]] = []

    async def deliver(self, message: Message) -> Reference | None:
        mail = compose(message, self._config.sender, self._config.replies)
        try:
            async with asyncio.timeout(self._config.timeout.total_seconds() * 2):
                return await self._send(mail)
        except SMTPRecipientsRefused as error:
            refused = error.recipients[0]
            raise refusal(refused.code, refused.message, at_recipient=True) from None
        except SMTPResponseException as error:
            raise refusal(error.code, error.message) from None
        except SMTPNotSupported as error:
            raise TransportError(
                f"the mail server can't do what is asked of it ({error.message}): see starttls and user",
                Trouble.OURS,
            ) from None
        except (SMTPException, OSError) as error:  # OSError: also every timeout
            where = f"{self._config.host}:{self._config.port}"
            raise TransportError(
                f"no conversation with {where} ({str(error) or 'no answer in time'}): is it up?",
                Trouble.GATEWAY,
            ) from None

    async def _send(self, mail: EmailMessage) -> Reference:
        connection = await self._connection()
        try:
            _, answer = await connection.send_message(mail)
        except SMTPResponseException:
            await self._keep(connection)  # it said no in good order: the conversation goes on
            raise
        except BaseException:
            connection.close()
            raise
        await self._keep(connection)
        return answer

    async def _connection(self) -> SMTP:
        now = asyncio.get_running_loop().time()
        while self._idle:
            since, connection = self._idle.pop()
            if now - since < IDLE_SECONDS:
                with suppress(SMTPException, OSError):
                    await connection.rset()
                    return connection
            connection.close()
        connection = SMTP(
            hostname=self._config.host,
            port=self._config.port,
            use_tls=self._config.tls,
            start_tls=self._config.starttls and not self._config.tls,
            username=self._config.user,
            password=self._password,
            cert_bundle=str(self._config.authority) if self._config.authority else None,
            timeout=self._config.timeout.total_seconds(),
        )
        await connection.connect()
        return connection

    async def _keep(self, connection: SMTP) -> None:
        if connection.is_connected and len(self._idle) < self._config.at_once:
            self._idle.append((asyncio.get_running_loop().time(), connection))
        else:
            connection.close()

    async def close(self) -> None:
        while self._idle:
            _, connection = self._idle.pop()
            with suppress(SMTPException, OSError):
                await connection.quit(timeout=1)


def make(name: str, config: ChannelConfig, secrets: Path) -> Channel:  # noqa: ARG001 - every kind is made alike
    assert isinstance(config, Config)
    password = read_secret(secrets, config.password_file).decode().strip() if config.password_file else None
    return EmailChannel(config, password)


def compose(message: Message, sender: str, replies: MailboxConfig | None = None) -> EmailMessage:
    """The mail. Raises TransportError for an address that is none: nothing a retry could mend."""
    mail = EmailMessage(policy=SMTP_POLICY)
    name, address = parseaddr(sender)
    try:
        mail["From"] = f"{name} <{address}>" if name else address
        mail["To"] = _mailbox(message.to)
        mail["Subject"] = message.letter.subject
    except ValueError as error:
        raise TransportError(
            f"the mail can't be addressed ({error}): mend it in the directory", Trouble.ADDRESS
        ) from None
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = f"<{message.id}{_seal(message, replies)}@{address.rpartition('@')[2]}>"
    if replies is not None and replies.address:
        mail["Reply-To"] = replies.address
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Priority"] = "1"
    mail["Importance"] = "high"
    mail.set_content(message.letter.text)
    if message.letter.html:
        mail.add_alternative(message.letter.html, subtype="html")
    return mail


def _seal(message: Message, replies: MailboxConfig | None) -> str:
    """The token of its link: an answer brings it back, and proves by it which mail it answers. A mail that
    says several is answered by their links.
    """
    if replies is None or message.back is None or message.link is None or message.also:
        return ""
    return f".{message.link.rpartition('/')[2]}"


def refusal(code: int, words: str, *, at_recipient: bool = False) -> TransportError:
    """What a server's refusal means; `at_recipient`: it was the answer to the recipient's address."""
    said = f"the mail server answered {code} {words[:160]}"
    if 400 <= code < 500:
        return TransportError(said, Trouble.GATEWAY)
    status = STATUS.match(words)
    about_recipient = (
        ABOUT_RECIPIENT.fullmatch(status.group(1)) is not None
        if status
        else at_recipient and code in REFUSES_RECIPIENT
    )
    if about_recipient:
        return TransportError(f"{said}: mend the address in the directory", Trouble.ADDRESS)
    return TransportError(f"{said}: see host, from and user of the channel file", Trouble.OURS)
