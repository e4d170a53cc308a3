"""`fenghuo gateway`: whoever tries the system out sees what would be rung, texted and mailed, and rings nobody."""

import json
import re
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple
from zoneinfo import ZoneInfo

import httpx2
import pytest
from standardwebhooks import Webhook

from fenghuo.gateway_lab import LONGEST_BODY, LONGEST_MAIL
from fenghuo.gateway_messages import Received
from fenghuo.gateway_page import SHOWN, page
from shared.secrets import SecretFile
from tests.lab import ROOT

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LISTENS = re.compile(r"stands on (\S+); mail is taken on port (\d+); nobody is rung")


class RunningGateway(NamedTuple):
    http: httpx2.Client
    mail_port: int


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    secrets = tmp_path_factory.mktemp("secrets")
    key = secrets / SecretFile.WEBHOOK
    key.write_text(KEY)
    key.chmod(0o600)
    command = [sys.executable, "-m", "fenghuo", "gateway", "--port", "0", "--mail-port", "0"]
    with subprocess.Popen(
        [*command, "--secrets", str(secrets)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = LISTENS.search(process.stdout.readline())
        assert said is not None
        with httpx2.Client(base_url=said[1]) as http:
            yield RunningGateway(http, int(said[2]))
        process.terminate()
        assert process.wait(10) == 0


def posted(gateway: RunningGateway, channel: str, number: str, **data: object) -> httpx2.Response:
    body = json.dumps({"data": {"to": "+860000000101", **data}})
    at = datetime.now(UTC)
    headers = {
        "webhook-id": number,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(KEY).sign(number, at, body),
    }
    return gateway.http.post(f"/{channel}", content=body, headers=headers)


def test_a_call_a_text_and_a_mail_stand_on_the_page_the_newest_first(gateway: RunningGateway) -> None:
    link = "https://f.example/a/x"
    assert posted(gateway, "voice", "m-1", text="烽火，初报。望山县煤矿透水。").status_code == 202
    assert posted(gateway, "sms", "m-2", text="【烽火】请回复", link=link).status_code == 202
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@city.example", "zhao@city.example", "【烽火·初报】"
    mail.set_content("邮件正文")
    with smtplib.SMTP("127.0.0.1", gateway.mail_port) as server:
        server.send_message(mail)
    shown = gateway.http.get("/").text
    places = [shown.index(word) for word in ("【烽火·初报】", "邮件正文", "【烽火】请回复", "煤矿透水")]
    assert places == sorted(places)
    assert f'href="{link}"' in shown
    assert "不会发给任何人" in shown
    assert "Nobody is rung" in shown
    assert "<script" not in shown


def test_what_is_not_the_notifiers_is_refused_and_nothing_is_unbounded(gateway: RunningGateway) -> None:
    assert gateway.http.post("/sms", content=b"{}").status_code == 401
    assert gateway.http.post("/sms", content=b"x" * (LONGEST_BODY + 1)).status_code == 413
    with smtplib.SMTP("127.0.0.1", gateway.mail_port) as server, pytest.raises(smtplib.SMTPException):
        server.sendmail("a@city.example", ["b@city.example"], b"x" * (LONGEST_MAIL + 1))


def test_it_can_not_be_told_to_fail_or_to_forget(gateway: RunningGateway) -> None:
    assert gateway.http.post("/control", json={"match": "*", "mode": "refuse"}).status_code == 404
    assert gateway.http.delete("/messages").status_code == 405


def test_what_stands_in_a_message_is_text_and_only_a_web_address_a_link() -> None:
    evil = Received(1, 0.0, "sms", "m", "+86", "<script>alert(1)</script>", link="javascript:alert(1)")
    shown = page([evil], ZoneInfo("Asia/Shanghai"))
    assert "<script>" not in shown
    assert "javascript:" not in shown


def test_the_page_has_an_end() -> None:
    many = [Received(number, 0.0, "sms", "m", "+86", f"text {number}.") for number in range(SHOWN + 5)]
    shown = page(many, ZoneInfo("Asia/Shanghai"))
    assert "text 5." in shown
    assert "text 4." not in shown


def test_without_a_key_it_says_where_one_comes_from(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fenghuo", "gateway", "--secrets", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert "fenghuo bootstrap" in ended.stderr


def test_keys_and_replies_go_back_to_the_notifier_signed_and_from_this_page_alone(tmp_path: Path) -> None:
    """A newcomer plays the telephones: a key of a call names its message, an SMS no more than its number."""
    heard: list[tuple[str, dict[str, str], bytes]] = []

    class Notifier(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            heard.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(202)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the library's word

    key = tmp_path / SecretFile.WEBHOOK
    key.write_text(KEY)
    key.chmod(0o600)
    with HTTPServer(("127.0.0.1", 0), Notifier) as notifier:
        Thread(target=notifier.serve_forever, daemon=True).start()
        command = [sys.executable, "-m", "fenghuo", "gateway", "--port", "0", "--mail-port", "0"]
        address = f"http://127.0.0.1:{notifier.server_port}/"
        with subprocess.Popen(
            [*command, "--secrets", str(tmp_path), "--notifier", address],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            said = LISTENS.search(process.stdout.readline())
            assert said is not None
            with httpx2.Client(base_url=said[1]) as http:
                running = RunningGateway(http, int(said[2]))
                assert posted(running, "voice", "case-1-1-voice", text="烽火紧急报告").status_code == 202
                assert posted(running, "sms", "case-1-1-sms", text="【烽火】").status_code == 202
                page_now = http.get("/").text
                assert "按 1" in page_now
                assert "回 1" in page_now
                elsewhere = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
                assert http.post("/replies/1", data={"text": "1"}, headers=elsewhere).status_code == 403
                assert http.post("/replies/9", data={"text": "1"}).status_code == 404
                assert http.get("/replies/1").status_code == 405
                assert http.post("/replies/2", data={"text": "山" * 1_000}).status_code == 413
                for number, text in ((1, "2"), (2, "1"), (2, "山" * 160)):
                    answer = http.post(f"/replies/{number}", data={"text": text})
                    assert answer.status_code == 303
                    assert "→ 202" in http.get(answer.headers["location"]).text
            process.terminate()
        notifier.shutdown()
    (voice, headers, call), (sms, _, text), (_, _, longest) = heard
    assert (voice, sms) == ("/api/v1/call-backs/voice", "/api/v1/call-backs/sms")
    Webhook(KEY).verify(call, headers)
    assert json.loads(call) == {"from": "+860000000101", "key": "2", "id": "case-1-1-voice"}
    assert json.loads(text) == {"from": "+860000000101", "text": "1"}
    assert json.loads(longest)["text"] == "山" * 160, "as long as an SMS may be, nothing is cut off"
