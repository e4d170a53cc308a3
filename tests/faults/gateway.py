"""The gateway of a play, as a process of its own: a play that is busy keeps nobody's telephone waiting.

Invariant: it forgets nothing while a play lasts, so that it tells a message that comes again, and it is asked
nothing before the end.
"""

import signal
import sys
from types import TracebackType
from typing import Any

import httpx2

from fenghuo import embedded
from fenghuo.gateway_lab import Mode
from tests.faults.balance import HandOver
from tests.lab import ROOT, Lab, until

CHANNELS = """
channels:
  voice: {kind: webhook, url: "${FENGHUO_GATEWAY_URL}/voice", private: true, form: spoken, retry: {attempts: 3, first: PT0.2S, cap: PT1S}}
  sms: {kind: webhook, url: "${FENGHUO_GATEWAY_URL}/sms", private: true, timeout: PT5S, retry: {attempts: 3, first: PT0.2S, cap: PT1S}}
"""
"""As patient as the channels of an installation."""


class GatewayProcess:
    def __init__(self, lab: Lab) -> None:
        self.http_port, self.smtp_port = embedded.free_ports(2)
        self.url = f"http://127.0.0.1:{self.http_port}"
        self.channels = lab.folder / "channels-of-the-play.yaml"
        self.channels.write_text(CHANNELS, encoding="utf-8")
        ports = ("--http-port", str(self.http_port), "--smtp-port", str(self.smtp_port))
        command = [
            sys.executable,
            "-m",
            "fenghuo.gateway_lab",
            *ports,
            "--secrets",
            str(lab.secrets),
            "--keep",
            "1000000",
        ]
        self._process = embedded.start(command, log=lab.folder / "gateway.log", cwd=ROOT)

    async def __aenter__(self) -> "GatewayProcess":
        async with httpx2.AsyncClient() as http:

            async def answers() -> bool:
                try:
                    return (await http.get(f"{self.url}/healthz")).status_code == 200
                except httpx2.HTTPError:
                    return False

            await until(answers, what="the gateway answers")
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.thaw()
        embedded.stop(self._process)

    async def command(self, match: str, mode: Mode) -> None:
        async with httpx2.AsyncClient() as http:
            (await http.post(f"{self.url}/control", json={"match": match, "mode": mode})).raise_for_status()

    def freeze(self) -> None:
        """It takes calls and answers none of them."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    async def calls(self) -> list[str]:
        """Ids of all that rang, one for each time; of a message that says several things, each of theirs."""
        return [
            call
            for message in await self._get("/messages")
            for call in message["data"].get("also") or [message["id"]]
        ]

    async def hand_overs(self) -> list[HandOver]:
        return [
            HandOver(one["id"], one["at"], one["status"] in range(200, 300))
            for one in await self._get("/attempts")
        ]

    async def _get(self, path: str) -> list[dict[str, Any]]:
        async with httpx2.AsyncClient(timeout=30) as http:
            return (await http.get(self.url + path)).json()
