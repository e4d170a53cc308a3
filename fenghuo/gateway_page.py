"""The page of the gateway that ships: what was said to whom, the newest first, as a person would have got it. Pure.

Invariant: whatever stands in a message is shown as text, and only an address over http(s) becomes a link.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined

from fenghuo.gateway_messages import Received

SHOWN = 100
"""Messages on the page; `/messages` has all that are remembered."""
CHANNELS = {"voice": "电话 Call", "sms": "短信 SMS", "chat": "消息 Chat", "email": "邮件 E-mail"}
STYLE = """
body{font:1rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:46rem;padding:1rem;color:#1b1b1b;background:#f4f4f2}
.note{border-left:.4rem solid #b3261e;background:#fff;padding:.6rem 1rem}
li{list-style:none;background:#fff;border-radius:.5rem;margin:.8rem 0;padding:.8rem 1rem}
ul{padding:0}header{display:flex;flex-wrap:wrap;gap:.2rem 1rem;color:#555}
header b{color:#1b1b1b}p{margin:.4rem 0 0;white-space:pre-wrap;overflow-wrap:anywhere}
form{margin-top:.5rem}button{font:inherit;margin-right:.5rem;padding:.4rem .9rem}input{font:inherit;width:12rem}
a{display:inline-block;margin-top:.5rem;padding:.4rem .8rem;border:1px solid #0b57d0;border-radius:.4rem;color:#0b57d0}
@media(prefers-color-scheme:dark){body{background:#161616;color:#eee}li,.note{background:#242424}header{color:#bbb}
header b{color:#eee}a{color:#8ab4f8;border-color:#8ab4f8}}
"""
PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="5"><title>烽火 · {{ name }}</title>
<style>{{ style }}</style></head><body>
<h1>{{ name }}</h1>
{% if by_modem is none %}<p class="note">这里的电话、短信和邮件不会发给任何人，只显示在本页。正式使用前，请接入真实网关（docs/deploy.md）。
<span lang="en">Nobody is rung: calls, texts and mails stand here only. Connect a real gateway before anybody depends on it.</span></p>
{% else %}<p class="note">短信由调制解调器真实发出，收件人会收到；不接收电话和邮件。
<span lang="en">Texts go out for real by the modem; calls and mail are not taken here.</span></p>
<p class="note" role="status">{{ by_modem or "调制解调器正常。 The modem works." }}</p>{% endif %}
{% if said %}<p class="note" role="status">已回复 Answered: {{ said }}</p>{% endif %}
{% if not messages %}<p>还没有消息。<span lang="en">Nothing was sent yet: report something, and it appears here.</span></p>{% endif %}
<ul>{% for message, clock, is_web in messages %}<li>
<header><b>{{ channels.get(message.channel, message.channel) }}</b><span>{{ message.to }}</span>
<time>{{ clock }}</time></header>
{% if message.channel == "email" and message.subject %}<p><b>{{ message.subject }}</b></p>{% endif %}
<p>{{ message.text }}</p>
{% if message.by_modem %}<p><b>{{ message.by_modem }}</b></p>{% endif %}
{% if can_answer and message.channel != "email" %}
<form method="post" action="/replies/{{ message.number }}">
{% set press = "按" if message.channel == "voice" else "回" %}
{% for key in "123" %}<button name="text" value="{{ key }}">{{ press }} {{ key }}</button>{% endfor %}
</form>
{% if message.channel != "voice" %}
<form method="post" action="/replies/{{ message.number }}">
<label>回复 Reply <input name="text" maxlength="160" required></label><button>发送 Send</button>
</form>
{% endif %}
{% endif %}
{% if is_web %}<a href="{{ message.link }}" rel="noreferrer">打开回复页 Open the answer page</a>{% endif %}
</li>{% endfor %}</ul></body></html>
"""


def headers() -> Mapping[str, str]:
    """No script, this one style, nothing from anywhere else."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return {
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'; base-uri 'none'",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def same_site(headers: Mapping[str, str]) -> bool:
    """Whether a form of this very page was sent: no other page presses a key here."""
    origin = headers.get("origin")
    return headers.get("sec-fetch-site", "same-origin") == "same-origin" and (
        origin is None or origin.partition("://")[2] == headers.get("host", "")
    )


def page(
    messages: Iterable[Received],
    zone: ZoneInfo,
    *,
    can_answer: bool = False,
    said: str = "",
    by_modem: str | None = None,
) -> str:
    """`messages`: oldest first. `can_answer`: a notifier hears the keys. `said`: what was answered a moment ago.
    `by_modem`: None without a modem; what is wrong with it or with its answers, or nothing.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    newest = [
        (message, f"{datetime.fromtimestamp(message.at, zone):%m-%d %H:%M:%S}", _is_web(message.link))
        for message in list(messages)[: -SHOWN - 1 : -1]
    ]
    return environment.from_string(PAGE).render(
        name="试用网关 Gateway for trying out" if by_modem is None else "短信网关 SMS gateway",
        style=STYLE,
        channels=CHANNELS,
        messages=newest,
        can_answer=can_answer,
        said=said,
        by_modem=by_modem,
    )


def _is_web(link: str | None) -> bool:
    return (link or "").startswith(("https://", "http://"))
