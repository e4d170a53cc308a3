"""Writes what a person reads at three in the morning: first what, where, how grave, by when, and the one thing to do. Pure.

Invariant: the due time is the true one, also when it has passed; an exercise says so before anything else; whatever a
reporter wrote stays text (one line in subjects and short messages, escaped in HTML).
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.notifier import words
from services.notifier.channels import Form, Letter
from shared.facts import Brief, Name, Notice, Purpose
from shared.ids import CaseId
from shared.vocabulary import Language

TEMPLATES = Path(__file__).parent / "templates"
SHORT_SUMMARY = 60
"""Characters of the summary in a short message: with the rest it stays within four SMS parts in Chinese."""
SENTENCES = ("subject", "short", "spoken", "lead", "ask")


class Writer:
    """`templates/<language>/<purpose>.txt` has the sentences as macros; `long.txt` and `long.html` lay them out."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=select_autoescape(("html",), default=False, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # The notices of one decision say the same: 0.17 ms once instead of once for each person and channel.
        self._say = lru_cache(maxsize=64)(self._sentences)

    def write(self, case: CaseId, notice: Notice, form: Form, *, link: str | None, now: datetime) -> Letter:
        """`link` None: there is nothing to acknowledge."""
        # Frozen models can be hashed; the checker can't see that.
        said = self._say(notice.brief, notice.purpose, notice.language, now)  # pyright: ignore[reportArgumentType]
        if form is Form.SPOKEN:
            return Letter(said["subject"], said["spoken"])
        if form is Form.SHORT:
            return Letter(said["subject"], f"{said['short']} {link}" if link else said["short"])
        context = {**self.describe(notice.brief, notice.language, now), **said, "case": case, "link": link}
        text, html = (self.page(f"{notice.language}/long.{kind}", context) for kind in ("txt", "html"))
        return Letter(said["subject"], text, html)

    def page(self, name: str, context: Mapping[str, Any]) -> str:
        return self._environment.get_template(name).render(context)

    def full_time(self, at: datetime) -> str:
        return words.full_time(at, self._zone)

    def _sentences(self, brief: Brief, purpose: Purpose, language: Language, now: datetime) -> dict[str, str]:
        sentences = self._environment.get_template(f"{language}/{purpose}.txt").make_module(self.describe(brief, language, now))
        said = {name: words.on_one_line(str(getattr(sentences, name)())) for name in SENTENCES}
        mark = words.EXERCISE[language] if brief.exercise else ""
        return {name: sentence if name == "ask" else mark + sentence for name, sentence in said.items()}

    def describe(self, brief: Brief, language: Language, now: datetime) -> dict[str, Any]:
        """What a template may say of a matter, in the reader's words."""

        def named(name: Name) -> str:
            return name.zh if language is Language.ZH else name.en

        return {
            "level": words.LEVELS[language][brief.level],
            "colour": words.COLOURS[brief.level],
            "grade": brief.level,
            "category": words.CATEGORIES[language][brief.category],
            "kind": words.KINDS[language][brief.kind],
            "mark": words.EXERCISE[language] if brief.exercise else "",
            "sensitive": brief.sensitive,
            "area": named(brief.area_name),
            "unit": named(brief.unit_name),
            "summary": words.on_one_line(brief.summary),
            "brief_summary": words.shortened(brief.summary, SHORT_SUMMARY),
            "dark": ("、" if language is Language.ZH else ", ").join(named(name) for name in brief.dark),
            "late": now > brief.due_at,
            "due": words.clock_time(brief.due_at, self._zone, now),
            "span": words.span(brief.due_at - now, language),
            "due_full": self.full_time(brief.due_at),
            "occurred": self.full_time(brief.occurred_at),
            "learned": self.full_time(brief.learned_at),
            "reported": self.full_time(brief.reported_at),
        }
