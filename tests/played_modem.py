"""A GSM modem as its owner sees it: a serial line (a pseudo-terminal), a SIM card, a network that takes texts.

What was sent is read by another decoder than ours.
"""

import os
import re
import select
import threading
import tty
from collections import defaultdict
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple, cast

from smspdudecoder.codecs import UCS2
from smspdudecoder.fields import SMSSubmit

CMGS = re.compile(r"AT\+CMGS=(\d+)")
ARRIVED = "62113032000023"
"""When an SMS came in: 3 November 2026."""


class SentPart(NamedTuple):
    number: str
    text: str
    place: tuple[int, int]
    encoding: str
    reference: int


class PlayedModem:
    def __init__(self, path: Path, *, pin: str = "") -> None:
        self.path = path
        self.pin, self.is_open = pin, not pin
        self.pins_tried: list[str] = []
        self.pdus: list[str] = []
        self.registered = True
        self.errors: dict[str, str] = {}
        """By a part of the number: what the network answers."""
        self.silent_after = -1
        """The line breaks after so many parts from now; -1: never."""
        self.sim: dict[int, str] = {}
        self._master = self._slave = -1
        self.is_in = False
        self._thread: threading.Thread | None = None

    def plug_in(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.path.symlink_to(os.ttyname(self._slave))
        self.is_in = True
        self._thread = threading.Thread(target=self._serve, args=(self._master,), daemon=True)
        self._thread.start()

    def pull_out(self) -> None:
        self.is_in = False
        assert self._thread is not None
        self._thread.join(5)
        self.path.unlink()
        os.close(self._slave)
        os.close(self._master)

    def sent(self) -> list[SentPart]:
        return [part_in(pdu) for pdu in self.pdus]

    def texts_to(self, number: str) -> list[str]:
        """Whole texts, the parts of each joined as a telephone does."""
        parts = defaultdict[int, dict[int, str]](dict)
        texts: list[str] = []
        for pdu in self.pdus:
            part = part_in(pdu)
            if part.number != number:
                continue
            if part.place[1] == 1:
                texts.append(part.text)
                continue
            parts[part.reference][part.place[0]] = part.text
            if len(parts[part.reference]) == part.place[1]:
                texts.append("".join(text for _, text in sorted(parts.pop(part.reference).items())))
        return texts

    def receive(self, number: str, text: str, place: tuple[int, int, int] | None = None) -> None:
        """Somebody writes to the modem. `place`: reference, parts and part of a long message."""
        digits = number.lstrip("+")
        padded = digits + "F" * (len(digits) % 2)
        swapped = "".join(padded[at + 1] + padded[at] for at in range(0, len(padded), 2))
        header = bytes((5, 0, 3, *place)) if place else b""
        body = header.hex() + UCS2.encode(text)
        first = "44" if place else "04"
        pdu = f"00{first}{len(digits):02X}91{swapped}0008{ARRIVED}{len(body) // 2:02X}{body}".upper()
        slot = max([0, *self.sim]) + 1
        self.sim[slot] = pdu
        self._say(f'+CMTI: "SM",{slot}')

    def _say(self, *lines: str) -> None:
        os.write(self._master, "".join(f"\r\n{line}\r\n" for line in lines).encode())

    def _serve(self, master: int) -> None:
        heard = b""
        while self.is_in:
            if not select.select([master], [], [], 0.05)[0]:
                continue
            heard += os.read(master, 4096).replace(b"\x1b", b"")
            while (end := re.search(rb"[\r\x1a]", heard)) and self.is_in:
                command, heard = heard[: end.start()].decode(), heard[end.end() :]
                self._hear(command, is_text=end[0] == b"\x1a")

    def _hear(self, command: str, *, is_text: bool) -> None:
        if is_text:
            self._network_takes(command)
        elif CMGS.fullmatch(command):
            os.write(self._master, b"\r\n> ")
        elif command == "AT+CPIN?":
            self._say("+CPIN: READY" if self.is_open else "+CPIN: SIM PIN", "OK")
        elif command.startswith("AT+CPIN="):
            self.pins_tried.append(command[9:-1])
            self.is_open = self.pins_tried[-1] == self.pin
            self._say("OK" if self.is_open else "+CME ERROR: 16")
        elif command.endswith("REG?"):
            self._say(f"{command[2:-1]}: 0,{1 if self.registered else 2}", "OK")
        elif command == "AT+CMGL=4":
            listed = [f"+CMGL: {slot},0,,{len(pdu) // 2 - 1}\r\n{pdu}" for slot, pdu in self.sim.items()]
            self._say(*listed, "OK")
        elif command.startswith("AT+CMGD="):
            del self.sim[int(command[8:])]
            self._say("OK")
        else:
            self._say("OK")

    def _network_takes(self, pdu: str) -> None:
        if self.silent_after == 0:
            self.is_in = False
            return
        self.silent_after -= 1
        number = part_in(pdu).number
        if error := next((said for part, said in self.errors.items() if part in number), None):
            self._say(error)
            return
        self.pdus.append(pdu)
        self._say(f"+CMGS: {len(self.pdus)}", "OK")


def part_in(pdu: str) -> SentPart:
    read = cast(dict[str, Any], SMSSubmit.decode(StringIO(pdu)))
    content, number = read["user_data"], str(read["recipient"]["number"])
    whole: dict[str, int] = {"part_number": 1, "parts_count": 1, "reference": 0}
    header = cast(dict[str, Any] | None, content["header"])
    concat: dict[str, int] = header["elements"][0]["data"] if header else whole
    place = concat["part_number"], concat["parts_count"]
    return SentPart(
        f"+{number}", str(content["data"]), place, str(read["dcs"]["encoding"]), concat["reference"]
    )
