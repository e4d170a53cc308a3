"""Makes a notice into the message of one channel: the words, the link, the id. Pure."""

from dataclasses import dataclass
from datetime import datetime

from services.notifier.channels import Form, Message
from services.notifier.links import Links
from services.notifier.record import message_id
from services.notifier.writer import SILENT, Writer
from shared.facts import Notice
from shared.ids import CaseId


@dataclass(frozen=True, slots=True)
class Post:
    writer: Writer
    links: Links
    base: str
    """How people reach this service from outside, without a slash at the end."""

    def message(self, case: CaseId, notice: Notice, channel: str, form: Form, now: datetime) -> Message:
        """To nobody yet: the courier puts the address on it."""
        asks = notice.purpose not in SILENT
        link = f"{self.base}/a/{self.links.make(case, notice.id, notice.person, now)}" if asks else None
        return Message(
            id=message_id(notice.id, channel),
            at=now,
            channel=channel,
            to="",
            letter=self.writer.write(case, notice, form, link=link, now=now),
            link=link,
            case=case,
            notice=notice.id,
            purpose=notice.purpose,
            language=notice.language,
            level=notice.brief.level,
            exercise=notice.brief.exercise,
        )
