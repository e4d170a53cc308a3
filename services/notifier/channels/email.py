"""Mail over SMTP: implicit TLS, STARTTLS or plain; a few connections kept open and used one message at a
time.

Invariant: a connection is used again only after a whole answer to the last message. What a server refuses
with 4xx is tried again, 5xx is final. Headers are built by the standard library's mail policy, which refuses
a line break in any of them.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Annotated, Literal

from aiosmtplib import SMTP, SMTPException, SMTPNotSupported, SMTPRecipientsRefused, SMTPResponseException
from pydantic import AfterValidator, Field

from services.notifier.channels import Channel, ChannelConfig, Form, Message, Reference, TransportError
from shared.secrets import read_secret

IDLE_SECONDS = 20.0
"""Servers close idle connections, most after a minute or more; an older one is not trusted."""


def _mailbox(value: str) -> str:
    if "\n" in value or "\r" in value or "@" not in parseaddr(value)[1]:
        raise ValueError("give one mail address, such as `Fenghuo <duty@city.example>`")
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
    user: str | None = None
    password_file: str | None = None
    """The name of a file in the secrets folder."""
    at_once: Annotated[int, Field(ge=1, le=50)] = 8
    timeout: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(seconds=10)


class EmailChannel:
    def __init__(self, config: Config, password: str | None) -> None:
        self._config = config
        self._password = password
        self._idle: list[tuple[float, SMTP]] = []

    async def deliver(self, message: Message) -> Reference | None:
        mail = compose(message, self._config.sender)
        try:
            async with asyncio.timeout(self._config.timeout.total_seconds() * 2):
                return await self._send(mail)
        except SMTPRecipientsRefused as error:
            raise _refusal(error.recipients[0]) from None
        except SMTPResponseException as error:
            raise _refusal(error) from None
        except SMTPNotSupported as error:
            raise TransportError(
                f"the mail server can't do what is asked of it ({error.message}): see starttls and user",
                retry=False,
            ) from None
        except (SMTPException, OSError) as error:  # OSError: also every timeout
            where = f"{self._config.host}:{self._config.port}"
            raise TransportError(
                f"no conversation with {where} ({str(error) or 'no answer in time'}): is it up?", retry=True
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


def compose(message: Message, sender: str) -> EmailMessage:
    """The mail. Raises TransportError for an address that is none: nothing a retry could mend."""
    mail = EmailMessage(policy=SMTP_POLICY)
    name, address = parseaddr(sender)
    try:
        mail["From"] = f"{name} <{address}>" if name else address
        mail["To"] = _mailbox(message.to)
        mail["Subject"] = message.letter.subject
    except ValueError as error:
        raise TransportError(
            f"the mail can't be addressed ({error}): mend it in the directory", retry=False
        ) from None
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = f"<{message.id}@{address.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Priority"] = "1"
    mail["Importance"] = "high"
    mail.set_content(message.letter.text)
    if message.letter.html:
        mail.add_alternative(message.letter.html, subtype="html")
    return mail


def _refusal(error: SMTPResponseException) -> TransportError:
    words = f"the mail server answered {error.code} {error.message[:160]}"
    if 400 <= error.code < 500:
        return TransportError(words, retry=True)
    return TransportError(
        f"{words}: check the address in the directory and the log-in of the channel file", retry=False
    )
