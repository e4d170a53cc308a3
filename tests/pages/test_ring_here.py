"""Somebody says on the desk that they want to be rung in this browser: the next report shows there in their words, beside
calls and texts; and it ends with the log-in.
"""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import httpx2
import orjson
from playwright.async_api import CDPSession, Page, expect

from fenghuo.gateway_lab import GatewayLab
from shared.vocabulary import Role
from tests.lab import Lab, Running, until
from tests.notifier.channels.scripted import Scripted
from tests.notifier.channels.test_webpush import MADE, Chrome
from tests.notifier.conftest import CHANNELS, self_signed, start_notifier, webhook_key
from tests.pages.conftest import OpenPage, log_in, report

LEADER = "sun_bing"
BROWSER = """
  browser: {{kind: webpush, contact: "mailto:duty@city.example", private: true, services: [127.0.0.1], authority: {pem}}}
"""
SUBSCRIBED = """(given) => {
  // No push service can be reached from here: what the browser would be given by one is given to it.
  PushManager.prototype.subscribe = async (asked) => { window.sessionStorage.asked = JSON.stringify(asked); return given; };
}"""
SHOWN = """async () => {
  const registration = await navigator.serviceWorker.getRegistration("/static/");
  return (await registration.getNotifications()).map(({ title, body, tag, lang, data }) => ({ title, body, tag, lang, data }));
}"""


async def test_a_report_rings_in_the_browser_that_was_put_down_until_the_log_out(
    town: Lab, intake: Running, open_page: OpenPage, tmp_path: Path
) -> None:
    pem = self_signed(tmp_path / "push.pem")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(pem)
    service, chrome = Scripted(says=[MADE]), Chrome()
    server = await asyncio.start_server(service.talk, "127.0.0.1", 0, ssl=tls)
    endpoint = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/push/1"
    async with GatewayLab(webhook_key(town)) as gateway:
        notifier = await start_notifier(
            town, gateway, CHANNELS + BROWSER.format(pem=pem), FENGHUO_DIRECTORY=str(town.directory)
        )
        page = await open_page(intake.url, locale="zh-CN", permissions=["notifications"])
        await log_in(page, town.token(Role.LEADER, person=LEADER))
        await _put_down(page, chrome, endpoint)

        await _nothing_else_is_put_down(town, intake, chrome, endpoint)
        case = await report(town, intake)
        told = await _told(service, chrome, case)
        assert "化工园区三号罐区起火" in told["body"]
        await expect(page.locator(f"#line-{case}")).to_be_visible()
        [shown] = await _shown(page, intake.url, service, chrome, case)
        assert shown == {
            "title": told["title"],
            "body": told["body"],
            "tag": case,
            "lang": "zh-CN",
            "data": told["url"],
        }
        assert "/a/" in shown["data"], "a click leads to the link that answers"
        assert [one for one in gateway.gateway.messages if case in one.id], "calls go out as ever"

        await page.locator("details.me summary").click()
        await page.get_by_role("button", name="退出").click()
        await page.wait_for_url("**/login")
        before = len(service.heard)
        later = await report(town, intake, summary="化工园区五号罐区起火")
        await until(_called(gateway, later), seconds=15, what="the later report is told by telephone")
        assert len(service.heard) == before, "it ended with the log-in"
        notifier.stop()
        town.services.remove(notifier)
    server.close()


async def _nothing_else_is_put_down(town: Lab, intake: Running, chrome: Chrome, endpoint: str) -> None:
    good = chrome.put_down(endpoint).push.model_dump()
    ours = {"Origin": intake.url}
    zhao = town.bearer(Role.LEADER, person="zhao_jia")
    short = {"p256dh": "AAAA", "auth": good["keys"]["auth"]}
    async with httpx2.AsyncClient(base_url=intake.url) as client:
        for headers, body, status in (
            (ours, good, 401),
            ({**zhao, "Origin": "https://evil.example"}, good, 403),
            ({**ours, **town.bearer(Role.REPORTER, unit="emergency_bureau")}, good, 403),
            ({**ours, **zhao}, {**good, "endpoint": "https://evil.example/push"}, 422),
            ({**ours, **zhao}, {**good, "endpoint": endpoint.replace("https", "http")}, 422),
            ({**ours, **zhao}, {**good, "keys": short}, 422),
            ({**ours, **zhao}, {**good, "more": "x" * 5000}, 413),
            ({**ours, **zhao}, {"endpoint": 1}, 422),
        ):
            answer = await client.post("/desk/browser", json=body, headers=headers)
            assert answer.status_code == status, (status, answer.status_code)


async def _put_down(page: Page, chrome: Chrome, endpoint: str) -> None:
    push = chrome.put_down(endpoint).push
    offer = page.get_by_role("button", name="在此浏览器提醒我")

    async def is_offered() -> bool:
        await page.reload()
        return await offer.is_visible()

    await until(is_offered, seconds=15, what="the notifier offers it")
    await page.evaluate(SUBSCRIBED, {"endpoint": endpoint, "keys": push.keys.model_dump()})
    await offer.click()
    await expect(page.locator("#ring")).to_contain_text("也在此浏览器提醒您")
    assert '"userVisibleOnly":true' in await page.evaluate("sessionStorage.asked")


async def _told(service: Scripted, chrome: Chrome, case: str) -> Any:
    async def told() -> Any:
        return next((said for heard in service.heard if (said := chrome.reads(heard))["tag"] == case), None)

    return await until(told, seconds=15, what="the push service is told of the case")


async def _shown(page: Page, host: str, service: Scripted, chrome: Chrome, case: str) -> list[Any]:
    """What the browser shows once its push service has delivered what it got."""
    session: CDPSession = await page.context.new_cdp_session(page)
    registrations: list[dict[str, Any]] = []

    def seen(event: Any) -> None:
        registrations.extend(event["registrations"])

    session.on("ServiceWorker.workerRegistrationUpdated", seen)
    await session.send("ServiceWorker.enable")

    async def is_registered() -> bool:
        return bool(registrations)

    await until(is_registered, seconds=10, what="the worker is registered")
    told = await _told(service, chrome, case)
    for _twice in range(2):  # what is said of a case again takes the place of what was said before
        await session.send(
            "ServiceWorker.deliverPushMessage",
            {
                "origin": f"{host}/",
                "registrationId": registrations[-1]["registrationId"],
                "data": orjson.dumps(told).decode(),
            },
        )

    async def shown() -> Any:
        return await page.evaluate(SHOWN)

    return await until(shown, seconds=10, what="the notification is shown")


def _called(gateway: GatewayLab, case: str) -> Any:
    async def called() -> bool:
        return any(case in message.id for message in gateway.gateway.messages)

    return called
