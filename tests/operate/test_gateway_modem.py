"""`fenghuo gateway --modem`: texts leave by a GSM modem, once each; whatever is wrong says what to do about it."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import cast

import httpx2
import orjson
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from fenghuo.gateway_lab import GatewayLab
from fenghuo.modem.pdu import delivered, submits
from services.notifier.channels import Trouble
from services.notifier.channels._over_http import trouble_of_status
from shared.secrets import SecretFile
from shared.sms import GSM, GSM_EXTENDED, sms_size
from tests.lab import ROOT, until
from tests.operate.test_gateway import KEY
from tests.played_modem import PlayedModem

NUMBER = "+8613900000101"
LONG = "【烽火·紧急】望山县清河镇化工厂爆炸，三人受伤，火势已控制。" * 5
ANSWER_SECONDS = 15.0


class Notifier:
    """Hears the call-backs."""

    def __init__(self) -> None:
        self.status = 202
        self.heard: list[dict[str, str]] = []
        notifier = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                Webhook(KEY).verify(body, {name.lower(): value for name, value in self.headers.items()})
                notifier.heard.append(orjson.loads(body))
                self.send_response(notifier.status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the library's word

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


class Site:
    def __init__(self, lab: GatewayLab, modem: PlayedModem, notifier: Notifier) -> None:
        self.lab, self.modem, self.notifier = lab, modem, notifier

    async def post(
        self, own_id: str, to: str = NUMBER, text: str = "【烽火】请回复", path: str = "/sms"
    ) -> httpx2.Response:
        body, at = orjson.dumps({"data": {"to": to, "text": text}}), datetime.now(UTC)
        headers = {
            "webhook-id": own_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(KEY).sign(own_id, at, body.decode()),
        }
        async with httpx2.AsyncClient(timeout=ANSWER_SECONDS) as http:
            return await http.post(f"{self.lab.url}{path}", content=body, headers=headers)

    async def page(self) -> str:
        async with httpx2.AsyncClient() as http:
            return (await http.get(f"{self.lab.url}/")).text

    async def works(self) -> None:
        modem = self.lab.gateway.modem
        assert modem is not None
        await until(lambda: modem.trouble is None, seconds=15, what="the modem works")


@pytest_asyncio.fixture(loop_scope="session")
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr("fenghuo.modem.carrier.LOOK_SECONDS", 0.1)
    notifier, modem = Notifier(), PlayedModem(tmp_path / "ttyUSB0")
    modem.plug_in()
    async with GatewayLab(KEY, notifier=notifier.url, modem=str(modem.path)) as lab:
        built = Site(lab, modem, notifier)
        await built.works()
        yield built
    modem.pull_out()
    notifier.server.shutdown()
    notifier.server.server_close()


async def test_chinese_leaves_in_three_parts_once_however_often_it_is_asked_for(site: Site) -> None:
    assert sms_size(LONG).parts == 3
    answers = await asyncio.gather(*(site.post("m-1", text=LONG) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["reference"] for answer in answers}) == 1
    assert (await site.post("m-1", text=LONG)).status_code == 202, "and later"
    parts = site.modem.sent()
    assert [part.place for part in parts] == [(1, 3), (2, 3), (3, 3)]
    assert {(part.number, part.encoding) for part in parts} == {(NUMBER, "ucs2")}
    assert len({part.reference for part in parts}) == 1
    assert site.modem.texts_to(NUMBER) == [LONG]
    shown = await site.page()
    assert "已发出 Sent (3)" in shown
    assert "调制解调器正常" in shown
    assert "不会发给任何人" not in shown, "it is real now"
    assert "回 1" not in shown, "nobody answers for a leader on the page"


async def test_english_fits_the_gsm_alphabet(site: Site) -> None:
    text = "Fenghuo: explosion, 3 injured @ Qinghe. " * 6
    assert (await site.post("m-1", text=text)).status_code == 202
    assert {part.encoding for part in site.modem.sent()} == {"gsm"}
    assert site.modem.texts_to(NUMBER) == [text]
    assert len(site.modem.pdus) == 2


async def test_a_bad_number_is_the_numbers_trouble_and_the_next_message_goes_out(site: Site) -> None:
    site.modem.errors["999"] = "+CMS ERROR: 1"
    refused = await site.post("m-1", to="+8613999900000")
    assert trouble_of_status(refused.status_code) is Trouble.ADDRESS
    assert "运营商说没有这个号码" in refused.json()["error"]
    assert (await site.post("m-2", to="no number")).status_code == 422
    assert (await site.post("m-3", to='1"\rAT+CFUN=0')).status_code == 422, "nobody commands the modem"
    assert (await site.post("m-4")).status_code == 202
    shown = await site.page()
    assert "运营商说没有这个号码" in shown
    assert shown.index("已发出") < shown.index("运营商说没有这个号码"), "the newest first"


async def test_without_a_network_it_is_later_and_what_another_error_means_is_later_too(site: Site) -> None:
    site.modem.registered = False
    away = await site.post("m-1")
    assert away.status_code == 503
    assert trouble_of_status(away.status_code) is Trouble.GATEWAY
    assert "没有移动网络" in away.json()["error"]
    assert "没有移动网络" in await site.page()
    site.modem.registered = True
    site.modem.errors["139"] = "+CMS ERROR: 38"
    assert (await site.post("m-1")).status_code == 503
    del site.modem.errors["139"]
    assert (await site.post("m-1")).status_code == 202
    assert len(site.modem.pdus) == 1
    assert "没有移动网络" not in await site.page(), "it was sent after all"


async def test_unplugged_in_the_middle_and_back_each_part_leaves_once(site: Site) -> None:
    site.modem.silent_after = 1
    sending = asyncio.create_task(site.post("m-1", text=LONG))
    await until(lambda: len(site.modem.pdus) == 1 and not site.modem.is_in, what="the first part is out")
    site.modem.pull_out()
    answer = await sending
    assert answer.status_code == 503
    assert "找不到调制解调器" in answer.json()["error"]
    assert (await site.post("m-1", text=LONG)).status_code == 503, "at once, while it is away"
    assert "检查插头和电源" in await site.page()
    site.modem.silent_after = -1
    site.modem.plug_in()
    await site.works()
    assert (await site.post("m-1", text=LONG)).status_code == 202
    assert [part.place[0] for part in site.modem.sent()] == [1, 2, 3]
    assert site.modem.texts_to(NUMBER) == [LONG]


async def test_an_answer_goes_to_the_notifier_and_is_deleted_only_once_it_is_stored(site: Site) -> None:
    site.notifier.status = 503
    site.modem.receive(NUMBER, "1")
    await until(lambda: len(site.notifier.heard) > 1, what="it is brought again")
    assert site.modem.sim, "still on the card"
    assert "答复还在 SIM 卡上，通知服务不收（503）" in await site.page()
    site.notifier.status = 202
    await until(lambda: not site.modem.sim, what="it is stored")
    assert "调制解调器正常" in await site.page()
    assert {tuple(heard.items()) for heard in site.notifier.heard} == {(("from", NUMBER), ("text", "1"))}


async def test_a_long_answer_is_brought_whole_and_what_is_unreadable_is_not(site: Site) -> None:
    site.modem.sim[9] = "00FF"
    site.modem.receive(NUMBER, "我在开会，", (7, 2, 1))
    await until(lambda: 9 not in site.modem.sim, what="the unreadable is gone")
    assert not site.notifier.heard, "half an answer is none"
    site.modem.receive(NUMBER, "让王主任处理", (7, 2, 2))
    await until(lambda: not site.modem.sim, what="both parts are brought")
    assert [heard["text"] for heard in site.notifier.heard] == ["我在开会，让王主任处理"]


async def test_calls_and_mail_are_not_taken_since_nobody_would_hear_them(site: Site) -> None:
    refused = await site.post("m-1", path="/voice")
    assert trouble_of_status(refused.status_code) is Trouble.OURS
    assert site.lab.smtp_port == 0


@pytest.mark.parametrize(
    ("pin", "tried", "words"), [("0000", ["0000"], "PIN 不对"), ("", [], "SIM 卡要 PIN")]
)
async def test_a_refused_pin_is_never_tried_twice(
    tmp_path: Path, pin: str, tried: list[str], words: str
) -> None:
    modem = PlayedModem(tmp_path / "ttyUSB0", pin="1234")
    modem.plug_in()
    async with GatewayLab(KEY, notifier="http://127.0.0.1:9", modem=str(modem.path), pin=pin) as lab:
        site = Site(lab, modem, cast(Notifier, None))

        async def is_said() -> bool:
            return words in await site.page()

        await until(is_said, seconds=15, what=words)
        answer = await site.post("m-1")
        assert answer.status_code == 503
        assert "modem-pin" in answer.json()["error"], "the remedy"
        assert modem.pins_tried == tried
    modem.pull_out()


async def test_the_right_pin_opens_the_card(tmp_path: Path) -> None:
    modem = PlayedModem(tmp_path / "ttyUSB0", pin="1234")
    modem.plug_in()
    async with GatewayLab(KEY, notifier="http://127.0.0.1:9", modem=str(modem.path), pin="1234") as lab:
        site = Site(lab, modem, cast(Notifier, None))
        await site.works()
        assert (await site.post("m-1")).status_code == 202
    modem.pull_out()


@pytest.mark.parametrize(
    ("pin", "more", "words"),
    [("1234", (), "--notifier"), ("12a4", ("--notifier", "http://127.0.0.1:9"), "modem-pin")],
)
def test_what_is_missing_is_said_with_its_remedy(
    tmp_path: Path, pin: str, more: tuple[str, ...], words: str
) -> None:
    (tmp_path / SecretFile.WEBHOOK).write_text(KEY)
    (tmp_path / "modem-pin").write_text(pin)
    command = [
        sys.executable,
        "-m",
        "fenghuo",
        "gateway",
        "--modem",
        "/dev/ttyUSB9",
        "--secrets",
        str(tmp_path),
    ]
    ended = subprocess.run([*command, *more], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert words in ended.stderr


@given(st.text(st.sampled_from([*sorted(GSM | GSM_EXTENDED)]), min_size=1, max_size=600))
def test_every_sign_of_the_gsm_alphabet_comes_out_as_it_went_in(text: str) -> None:
    assert "".join(_as_received(part.pdu) for part in submits(NUMBER, text, 7)) == text


@given(st.text(min_size=1, max_size=300).filter(lambda text: text.isprintable()))
def test_no_sign_is_split_between_parts(text: str) -> None:
    assert "".join(_as_received(part.pdu) for part in submits(NUMBER, text, 300)) == text


@given(st.binary(max_size=200))
def test_what_no_network_sends_is_refused_and_nothing_worse(octets: bytes) -> None:
    try:
        part = delivered(octets.hex())
    except ValueError:
        return
    assert len(part.text) <= 255


def _as_received(pdu: str) -> str:
    """The part as the telephone gets it: the network exchanges the sender's half of it for its own."""
    octets = bytes.fromhex(pdu)
    address = 2 + (octets[3] + 1) // 2
    head = bytes((0, octets[1] & 0x40 | 0x04)) + octets[3 : 3 + address]
    rest = octets[3 + address :]
    return delivered((head + rest[:2] + bytes(7) + rest[3:]).hex()).text
