"""A mailbox over IMAP on a real socket: what was put in, what was read, and what is marked as read."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import make_msgid

PASSWORD = "a word of the mailbox"


@dataclass
class ImapServer:
    """Of one folder, INBOX, of the user `duty`."""

    port: int = 0
    mails: list[bytes] = field(default_factory=list[bytes])
    seen: set[int] = field(default_factory=set[int])
    """Numbers of mails, from 1: their uids too."""
    is_away: bool = False
    heard: list[str] = field(default_factory=list[str])
    lies: int = 0
    """So many bytes it says a mail has."""

    def put(self, mail: EmailMessage | bytes) -> int:
        self.mails.append(mail if isinstance(mail, bytes) else mail.as_bytes())
        return len(self.mails)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.is_away:
                return
            writer.write(b"* OK ready\r\n")
            while line := (await reader.readline()).decode().strip():
                self.heard.append(line)
                tag, _, said = line.partition(" ")
                writer.writelines([*self._lines(said), f"{tag} {self._end(said)}\r\n".encode()])
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    def _end(self, said: str) -> str:
        if said.startswith("LOGIN") and said != f'LOGIN duty "{PASSWORD}"':
            return "NO [AUTHENTICATIONFAILED] wrong user or password"
        return "OK done"

    def _lines(self, said: str) -> list[bytes]:
        if said == "CAPABILITY":
            return [b"* CAPABILITY IMAP4rev1 ID\r\n"]
        if said.startswith("SELECT"):
            return [f"* {len(self.mails)} EXISTS\r\n".encode(), b"* OK [UIDVALIDITY 77] valid\r\n"]
        if said.startswith("UID SEARCH"):
            unseen = [str(uid) for uid in range(1, len(self.mails) + 1) if uid not in self.seen]
            return [f"* SEARCH {' '.join(unseen)}".rstrip().encode() + b"\r\n"]
        if fetch := re.fullmatch(r"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", said):
            uid, most = int(fetch[1]), int(fetch[2])
            mail = self.mails[uid - 1][:most]
            size = self.lies or len(mail)
            return [f"* {uid} FETCH (UID {uid} BODY[]<0> {{{size}}}\r\n".encode(), mail, b")\r\n"]
        if store := re.fullmatch(r"UID STORE (\d+) \+FLAGS\.SILENT \(\\Seen\)", said):
            self.seen.add(int(store[1]))
        return []


@asynccontextmanager
async def imap_server(port: int = 0) -> AsyncIterator[ImapServer]:
    mailbox = ImapServer()
    server = await asyncio.start_server(mailbox.talk, "127.0.0.1", port)
    mailbox.port = int(server.sockets[0].getsockname()[1])
    try:
        yield mailbox
    finally:
        server.close()


def answer_to(message_id: str, sender: str, text: str, **headers: str) -> EmailMessage:
    """What somebody writes back from a mail program."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "duty@wangfeng.example", "回复"
    mail["Message-ID"] = make_msgid(domain="wangfeng.example")
    if message_id:
        mail["In-Reply-To"] = mail["References"] = message_id
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail
