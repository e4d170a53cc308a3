"""Answers by mail: read from the mailbox of a channel, bound to the mail they answer, and taken as every reply is.

Invariant: a mail is marked as read only once all it says is stored; a mailbox that is away is a trouble on the
light, and what lies in it is read when it is back. A mail answers only the mail whose seal it brings, and only
for the person whom that was written to, from an address of theirs; any other is for the duty desk to read.
What a machine answers by itself rings nobody.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from services.notifier.answering.call_back_door import TakesReplies
from services.notifier.answering.mail_words import WrittenMail, read_mail
from services.notifier.answering.opening import LinkOpener
from services.notifier.channels import MailboxAway, Reply, ReplyMailbox, UnreadMail
from services.notifier.delivery.metrics import Metrics
from services.notifier.delivery.record import message_id
from services.notifier.messages.links import LinkRefused
from shared.broker.forever import AWAY, error_text
from shared.ids import PersonId
from shared.problems import Problem

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class MailReplies:
    mailboxes: Mapping[str, ReplyMailbox]
    """By channel."""
    opener: LinkOpener
    replies: TakesReplies
    owners: Callable[[str, str], tuple[PersonId, ...]]
    """Whose an address is on a channel, by the directory of now."""
    metrics: Metrics
    _trouble: dict[str, str] = field(default_factory=dict[str, str])

    async def run(self) -> None:
        """The service's task."""
        async with asyncio.TaskGroup() as group:
            for channel, mailbox in self.mailboxes.items():
                group.create_task(self._follow(channel, mailbox))

    async def check(self) -> None:
        """Raises RuntimeError where a mailbox can't be read."""
        if self._trouble:
            raise RuntimeError("; ".join(f"{channel}: {why}" for channel, why in self._trouble.items()))

    async def _follow(self, channel: str, mailbox: ReplyMailbox) -> None:
        try:
            while True:
                await self._read(channel, mailbox)
                await asyncio.sleep(mailbox.every)
        finally:
            mailbox.close()

    async def _read(self, channel: str, mailbox: ReplyMailbox) -> None:
        trouble = ""
        try:
            for mail in await mailbox.unread():
                try:
                    await self._take(channel, mail)
                except (Problem, *AWAY) as error:
                    log.warning("mail_reply_not_stored", channel=channel, error=error_text(error))
                    return  # it is still unread
                except Exception:
                    # one that nobody can take keeps no other waiting, and stays unread for the operator to see
                    log.exception("mail_reply_not_taken", channel=channel)
                    trouble = "a reply could not be taken and stays unread in the mailbox: read it there"
                    continue
                await mailbox.mark_read(mail)
        except MailboxAway as error:
            trouble = str(error)
            if self._trouble.get(channel) != trouble:
                log.warning("mailbox_away", channel=channel, error=trouble)
        if trouble:
            self._trouble[channel] = trouble
        else:
            self._trouble.pop(channel, None)

    async def _take(self, channel: str, mail: UnreadMail) -> None:
        # In a thread: 64 KB can be made so that the library takes seconds over them.
        written = await asyncio.to_thread(read_mail, mail.raw)
        if written.is_automatic:
            self.metrics.replies.labels(channel, "automatic").inc()
            log.info("mail_by_a_machine", channel=channel)
            return
        about = await self._about(channel, written)
        digest = hashlib.sha256(mail.raw).hexdigest()[:32]
        reply = Reply(
            id=f"{mail.validity}.{mail.uid}.{digest}",
            number=written.sender,
            words=written.words,
            about=about,
            only_about=True,
        )
        # Whoever has not proven to have our mail is told nothing: anybody can write in another's name.
        await self.replies.take(channel, reply, is_said_back=about is None)

    async def _about(self, channel: str, written: WrittenMail) -> str | None:
        """The id of our mail that it answers, where the seal of that is on it and the sender is who had it."""
        owners = self.owners(channel, written.sender)
        for token in written.tokens:
            try:
                link = await self.opener.open(token)
            except LinkRefused:
                continue
            if link.person in owners:
                return message_id(link.notice, channel)
        return None
