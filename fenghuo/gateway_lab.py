"""A telephone, SMS, chat and mail gateway that rings nobody and shows what would be said: real HTTP and real
SMTP, for trying out (`fenghuo gateway`), the demo, the tests and the bench.

It records what reaches it, drops repeats by their `webhook-id` as a good gateway does, and, for tests, refuses,
fails, delays or drops on command.
Invariant: a webhook whose signature does not verify is refused and never recorded as a message.

  python -m fenghuo.gateway_lab --http-port 8090 --smtp-port 8025 --secrets .fenghuo/secrets
  GET /                      a page with what came, the newest first
  POST /replies/NUMBER text= plays the telephone: what is answered to that message goes back to the notifier
  POST /voice /sms /chat     a signed webhook (Standard Webhooks)         GET /messages?to=&channel=&after=
  what came, oldest first POST /control {"match": "+8655501", "mode": "refuse", "delay": 0.2, "times": 2}
                         GET /counters  GET /attempts
`match` is a part of an address or of a path (`/sms`); `mode`: ok, refuse (for good), fail (try later), drop
(no answer at all). The rule set last wins; `DELETE /control` forgets all rules, `DELETE /messages` all
messages.
"""

import argparse
import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlencode
from zoneinfo import ZoneInfo

import httpx2
import orjson
import uvicorn
import uvloop
from aiosmtpd.smtp import SMTP, Envelope, Session
from standardwebhooks import WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from fenghuo.gateway_page import headers, page, same_site
from fenghuo.gateway_state import Attempt, Gateway, Mode
from fenghuo.modem.carrier import Modem, ModemTrouble, NumberRefused
from shared.secrets import SecretFile, read_secret

CHANNELS = ("voice", "sms", "chat")
LONGEST_REPLY = 2_000
"""Bytes of a form of the page: 160 signs, each of Chinese written as nine."""
DROP_SECONDS = 60.0
"""How long a dropped request hangs where the caller does not give up before."""
LONGEST_BODY = 256 * 1024
"""Bytes of one webhook; of one mail LONGEST_MAIL."""
LONGEST_MAIL = 1024 * 1024
ZONE = ZoneInfo("Asia/Shanghai")


def http_app(gateway: Gateway, *, zone: ZoneInfo, has_controls: bool) -> Starlette:
    async def take(request: Request) -> Response:
        answer = await treated(request)
        status = None if await request.is_disconnected() else answer.status_code
        gateway.attempts.append(
            Attempt(time.time(), request.url.path.strip("/"), request.headers.get("webhook-id", ""), status)
        )
        return answer

    async def treated(request: Request) -> Response:
        channel = request.url.path.strip("/")
        body = await _read(request, LONGEST_BODY)
        if body is None:
            return _too_long(LONGEST_BODY)
        try:
            gateway.webhook.verify(body, dict(request.headers), json_parse=False)
            data: dict[str, Any] = orjson.loads(body)["data"]
        except (WebhookVerificationError, ValueError, KeyError) as error:
            gateway.counters[f"{channel}.unverified"] += 1
            return _json({"error": f"not a signed webhook of ours: {error}"}, 401)
        address = str(data["to"])
        match await gateway.treat(channel, address):
            case Mode.REFUSE:
                return _json({"error": "number not in service"}, 422)
            case Mode.FAIL:
                return _json({"error": "no line free"}, 503)
            case Mode.DROP:
                async with asyncio.timeout(DROP_SECONDS):
                    await request.receive()  # the caller hangs up
                return _json({}, 504)
            case Mode.OK:
                more = {"link": data.get("link"), "subject": data.get("subject"), "data": data}
                own_id, text = request.headers["webhook-id"], str(data["text"])
                if gateway.modem is not None:
                    try:
                        more["by_modem"] = await gateway.carry(gateway.modem, own_id, address, text)
                    except ModemTrouble as trouble:
                        return _json(
                            {"error": str(trouble)}, 422 if isinstance(trouble, NumberRefused) else 503
                        )
                reference = gateway.accept(channel, own_id, address, text, **more)
                return _json({"reference": reference}, 202)

    async def shown(request: Request) -> Response:
        said = request.query_params.get("said", "")[:200]
        return HTMLResponse(_shown(gateway, zone, said), headers=dict(headers()))

    async def replied(request: Request) -> Response:
        return await _replied(request, gateway)

    async def messages(request: Request) -> Response:
        to, channel, after = (request.query_params.get(name, "") for name in ("to", "channel", "after"))
        messages_held = [
            asdict(message)
            for message in gateway.messages
            if (not to or to in message.to)
            and (not channel or channel == message.channel)
            and message.number > int(after or 0)
        ]
        return _json(messages_held)

    async def control(request: Request) -> Response:
        asked = orjson.loads(await request.body())
        try:
            gateway.command(
                asked["match"],
                Mode(asked.get("mode", "ok")),
                delay=float(asked.get("delay", 0)),
                times=asked.get("times"),
            )
        except (KeyError, ValueError) as error:
            return _json({"error": f"match and a mode of {[*map(str, Mode)]} are needed: {error}"}, 422)
        return _json([asdict(rule) for rule in gateway.rules])

    async def forget(request: Request) -> Response:
        (gateway.rules if request.url.path == "/control" else gateway.messages).clear()
        return Response(status_code=204)

    async def counters(_: Request) -> Response:
        return _json(gateway.counters)

    async def attempts(_: Request) -> Response:
        return _json([*map(asdict, gateway.attempts)])

    async def healthz(_: Request) -> Response:
        return Response("alive\n")

    controls = [
        Route("/messages", forget, methods=["DELETE"]),
        Route("/control", control, methods=["POST"]),
        Route("/control", forget, methods=["DELETE"]),
        Route("/counters", counters),
        Route("/attempts", attempts),
    ]
    channels = CHANNELS if gateway.modem is None else ("sms",)
    return Starlette(
        routes=[
            *(Route(f"/{channel}", take, methods=["POST"]) for channel in channels),
            Route("/", shown),
            Route("/replies/{number:int}", replied, methods=["POST"]),
            Route("/messages", messages),
            Route("/healthz", healthz),
            *(controls if has_controls else ()),
        ]
    )


def _shown(gateway: Gateway, zone: ZoneInfo, said: str) -> str:
    modem = gateway.modem
    messages = sorted((*gateway.messages, *gateway.not_carried.values()), key=lambda message: message.at)
    by_modem = None if modem is None else str(modem.trouble or gateway.not_brought)
    can_answer = bool(gateway.notifier) and modem is None
    return page(messages, zone, can_answer=can_answer, said=said, by_modem=by_modem)


async def _replied(request: Request, gateway: Gateway) -> Response:
    """A key pressed, or a reply written, on the page."""
    if not same_site(request.headers):
        return _json({"error": "answer on the gateway's own page"}, 403)
    body = await _read(request, LONGEST_REPLY)
    if body is None:
        return _too_long(LONGEST_REPLY)
    fields = parse_qs(body.decode("utf-8", "replace"))
    text = fields.get("text", [""])[0]
    number = request.path_params["number"]
    message = next((one for one in gateway.messages if one.number == number), None)
    if message is None or not text or not gateway.notifier or gateway.modem:
        return _json({"error": "no such message here, nothing said, or no notifier to tell"}, 404)
    try:
        became = str((await gateway.reply(message, text)).status_code)
    except httpx2.HTTPError:
        became = "no answer"
    said = f"{message.to} · {text} → {became}"
    return RedirectResponse(f"/?{urlencode({'said': said})}", 303)


async def _read(request: Request, limit: int) -> bytes | None:
    """The body; None where it is longer."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > limit:
            return None
    return body


def _too_long(limit: int) -> Response:
    return _json({"error": f"longer than {limit} bytes"}, 413)


def _json(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


class Mailbox:
    """The SMTP end (aiosmtpd calls these)."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, _: Session, envelope: Envelope, address: str, __: list[str]
    ) -> str:
        match await self._gateway.treat("email", address):
            case Mode.REFUSE:
                return "550 5.1.1 no such mailbox here"
            case Mode.FAIL:
                return "451 4.3.0 try again later"
            case Mode.DROP:
                cast(asyncio.Transport, server.transport).abort()
                return "421 4.4.2 gone"
            case Mode.OK:
                envelope.rcpt_tos.append(address)
                return "250 OK"

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
        for address in envelope.rcpt_tos:
            self._gateway.accept(
                "email",
                f"{mail['message-id']}:{address}",
                address,
                plain.get_content() if plain else "",
                subject=str(mail["subject"]),
                html=html.get_content() if html else None,
                data={name.lower(): str(value) for name, value in mail.items()},
            )
        return f"250 2.0.0 OK queued as {len(self._gateway.messages)}"


class _QuietServer(uvicorn.Server):
    """Signals belong to whoever runs the gateway."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class GatewayLab:
    """Both ends on this loop. Ports of 0 are chosen; `async with GatewayLab(key) as lab` in tests."""

    def __init__(
        self,
        webhook_key: str,
        *,
        http_port: int = 0,
        smtp_port: int = 0,
        host: str = "127.0.0.1",
        keep: int = 10_000,
        zone: ZoneInfo = ZONE,
        has_controls: bool = True,
        notifier: str = "",
        modem: str = "",
        pin: str = "",
    ) -> None:
        """`has_controls`: it can be told to fail, as tests do. `notifier`: where it brings back what is answered.
        `modem`: the serial line of one that sends the texts; `pin` of its SIM card.
        """
        self.gateway = Gateway(webhook_key, keep=keep)
        self.gateway.notifier = notifier.rstrip("/")
        if modem:
            self.gateway.modem = Modem(modem, pin, self.gateway.bring)
        self._zone, self._has_controls = zone, has_controls
        self.host, self.http_port, self.smtp_port = host, http_port, smtp_port
        self._smtp: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.http_port}"

    async def __aenter__(self) -> "GatewayLab":
        if self.gateway.modem is None:
            await self._take_mail()
        await self._take_requests()
        modem = self.gateway.modem
        self._carrying = None if modem is None else asyncio.create_task(modem.run(), name="modem")
        return self

    async def _take_mail(self) -> None:
        loop = asyncio.get_running_loop()
        mailbox = Mailbox(self.gateway)
        self._smtp = await loop.create_server(
            lambda: SMTP(
                mailbox,
                hostname="gateway.lab.example",
                enable_SMTPUTF8=True,
                loop=loop,
                data_size_limit=LONGEST_MAIL,
            ),
            self.host,
            self.smtp_port,
        )
        self.smtp_port = int(self._smtp.sockets[0].getsockname()[1])

    async def _take_requests(self) -> None:
        config = uvicorn.Config(
            http_app(self.gateway, zone=self._zone, has_controls=self._has_controls),
            host=self.host,
            port=self.http_port,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            http="httptools",
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
        )
        self._http = _QuietServer(config)
        self._serving = asyncio.create_task(self._http.serve(), name="gateway-lab")
        while not self._http.started:
            if self._serving.done():
                self._serving.result()
                raise OSError(f"the gateway can't listen on {self.host}:{self.http_port}")
            await asyncio.sleep(0.01)
        self.http_port = int(self._http.servers[0].sockets[0].getsockname()[1])

    async def __aexit__(self, *_: object) -> None:
        self._http.should_exit = True
        await self._serving
        if self._carrying is not None:
            self._carrying.cancel()
            await asyncio.gather(self._carrying, return_exceptions=True)
        if self._smtp is not None:
            self._smtp.close()


async def serve(lab: GatewayLab, listens: Callable[[], None] = lambda: None) -> None:
    """Until SIGTERM or SIGINT. `listens` is called once it does."""
    asked_to_stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_stop.set)
    async with lab:
        listens()
        await asked_to_stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="the local gateway for voice, SMS, chat and mail")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--http-port", type=int, default=8090)
    parser.add_argument("--smtp-port", type=int, default=8025)
    parser.add_argument("--secrets", type=Path, required=True, help="the folder with webhook.key")
    parser.add_argument("--notifier", default="", help="where what is answered goes, http://host:port")
    parser.add_argument("--keep", type=int, default=10_000, help="messages that are remembered")
    parser.add_argument(
        "--quiet", action="store_true", help="keep counters and the last 200 messages only (bench)"
    )
    arguments = parser.parse_args()
    key = read_secret(arguments.secrets, SecretFile.WEBHOOK).decode().strip()
    keep = 200 if arguments.quiet else arguments.keep
    uvloop.run(
        serve(
            GatewayLab(
                key,
                host=arguments.host,
                http_port=arguments.http_port,
                smtp_port=arguments.smtp_port,
                keep=keep,
                notifier=arguments.notifier,
            )
        )
    )


if __name__ == "__main__":
    main()
