"""A page behind a link as HTML: no script at all, one style of our own, and nothing from anywhere else.

Invariant: it opens where there is hardly any network: a page carries only those rules of the style that it uses. It says
nothing that its reader has not asked for by a sealed link, so that its length, compressed, tells nobody anything.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import parse_qs

from fastapi import Request
from fastapi.responses import HTMLResponse

from services.notifier.delivery.metrics import Metrics
from services.notifier.messages.links import LinkExpired, LinkRefused, LinkRevoked
from services.notifier.messages.writer import TEMPLATES, Writer
from shared.language.catalogue import N_
from shared.language.words import Words
from shared.vocabulary import Language

MOST_FIELDS = 20
EMPTY: dict[str, Any] = {"files": (), "since": (), "answers_for": None, "others": (), "comes_next": ""}
SINCE = N_("What has happened since")
OTHERS = N_("Who else was told")
STYLE_PLACE = "<style></style>"
BETWEEN_TAGS = re.compile(r">\s*\n\s*<")
AROUND_SIGNS = re.compile(r"\s*([{};:,])\s*")
CLASSES, TAGS = re.compile(r'class="([^"]*)"'), re.compile(r"<([a-z][a-z0-9]*)")
NAMES = re.compile(r"\.?[a-z][a-zA-Z0-9-]*")
"""Of the classes and elements in a selector."""


@dataclass(frozen=True)
class PageFrame:
    writer: Writer

    @cached_property
    def _rules(self) -> tuple[tuple[str, frozenset[str]], ...]:
        """Each line of the style is a rule: as it is sent, and what has to be on a page for it."""
        lines = (TEMPLATES / "page.css").read_text(encoding="utf-8").splitlines()
        packed = (AROUND_SIGNS.sub(r"\1", line).replace(";}", "}") for line in lines)
        return tuple((rule, _needed(rule)) for rule in packed)

    def page(self, name: str, language: Language, status: int = 200, **context: Any) -> HTMLResponse:
        html = self.writer.page(
            f"{language}/page_{name}.html",
            {
                **EMPTY,
                "words": Words(language),
                "since_title": Words(language).of(SINCE),
                "others_title": Words(language).of(OTHERS),
            }
            | context,
        )
        html = BETWEEN_TAGS.sub("><", html).strip()
        style = self._style_of(html)
        html = html.replace(STYLE_PLACE, f"<style>{style}</style>", 1)
        return HTMLResponse(html, status, headers=_headers(style))

    def refused(
        self, refusal: LinkRefused, language: Language, metrics: Metrics, desk: Mapping[str, str] | None
    ) -> HTMLResponse:
        """For a link that opens nothing. `desk`: whom to ring, where it was revoked."""
        why = "refused"
        if isinstance(refusal, LinkExpired | LinkRevoked):
            why = "revoked" if isinstance(refusal, LinkRevoked) else "expired"
        metrics.acknowledged.labels(why).inc()
        return self.page("refused", language, 404 if why == "refused" else 410, why=why, desk=desk)

    def _style_of(self, html: str) -> str:
        classes = {f".{name}" for names in CLASSES.findall(html) for name in names.split()}
        used = classes.union(TAGS.findall(html))
        return "".join(rule for rule, needed in self._rules if needed <= used)


def _needed(rule: str) -> frozenset[str]:
    """Nothing for what holds for every page, such as `:root`."""
    selector = rule.rpartition("{")[0].rpartition("{")[2]
    return frozenset(NAMES.findall(selector.partition(":")[0]))


@lru_cache(maxsize=64)
def _headers(style: str) -> dict[str, str]:
    style_hash = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{style_hash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }


async def read_form(request: Request) -> dict[str, str]:
    """The first value of each field; nothing for the first button, and for what is no form of ours."""
    fields = parse_qs((await request.body()).decode("ascii", "replace"), max_num_fields=MOST_FIELDS)
    return {name: values[0] for name, values in fields.items()}
