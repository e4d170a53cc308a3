"""A page behind a link as HTML: no script at all, one style of our own, and nothing from anywhere else."""

import base64
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs

from fastapi import Request
from fastapi.responses import HTMLResponse

from services.notifier.messages.writer import TEMPLATES, Writer
from shared.language.catalogue import N_
from shared.language.words import Words
from shared.vocabulary import Language

MOST_FIELDS = 20
EMPTY: dict[str, Any] = {"files": (), "since": (), "answers_for": None, "others": (), "comes_next": ""}
SINCE = N_("What has happened since")
OTHERS = N_("Who else was told")


@dataclass(frozen=True)
class PageFrame:
    writer: Writer

    @cached_property
    def _style(self) -> str:
        return (TEMPLATES / "page.css").read_text(encoding="utf-8")

    @cached_property
    def _headers(self) -> dict[str, str]:
        style_hash = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        policy = f"default-src 'none'; style-src 'sha256-{style_hash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        return {
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex",
        }

    def page(self, name: str, language: Language, status: int = 200, **context: Any) -> HTMLResponse:
        html = self.writer.page(
            f"{language}/page_{name}.html",
            {
                **EMPTY,
                "style": self._style,
                "words": Words(language),
                "since_title": Words(language).of(SINCE),
                "others_title": Words(language).of(OTHERS),
            }
            | context,
        )
        return HTMLResponse(html, status, headers=self._headers)


async def read_form(request: Request) -> dict[str, str]:
    """The first value of each field; nothing for the first button, and for what is no form of ours."""
    fields = parse_qs((await request.body()).decode("ascii", "replace"), max_num_fields=MOST_FIELDS)
    return {name: values[0] for name, values in fields.items()}
