"""Writes what a person reads at three in the morning: first what, where, how grave, by when, and the one
thing to do. Pure.

Invariant: the due time is the true one, also when it has passed; an exercise says so before anything else; no
message claims that acknowledging does what is still to be done; whatever a reporter wrote stays text (one
line in subjects and short messages, escaped in HTML).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.notifier.channels import Form, Letter
from services.notifier.messages import words
from services.notifier.messages.sentences import NoticeSentences
from shared.facts import (
    AskedNotice,
    AskedTask,
    Brief,
    CallMade,
    DirectoryNote,
    EarlyEnd,
    Name,
    News,
    Notice,
    OwingUnits,
    Purpose,
    RollCallNews,
    Signature,
    SuspicionNews,
)
from shared.facts.report import HAPPENING
from shared.ids import CaseId
from shared.language import times
from shared.language.harm import harm_in_words
from shared.language.words import COLOURS, Words
from shared.vocabulary import Language

TEMPLATES = Path(__file__).parent / "templates"
COLONS = ":： "
"""What a short message ends with where its link follows."""
SHORT_SUMMARY = 60
"""Characters of the summary in a short message: with the rest it stays within five SMS parts in Chinese."""
SHORTER_SUMMARY = {Language.ZH: 30, Language.EN: 60}
"""The same where the reader has been told before: two SMS parts with the link."""
SHORT_FORM = {Language.ZH: 60, Language.EN: 110}
"""Characters of what the case is about, as its form says it."""
SHORT_DETAILS = {Language.ZH: 40, Language.EN: 80}
"""Characters of what else the report says."""
SHORT_TITLE = 40
"""Characters of the title of a task."""
SHORT_UNITS = {Language.ZH: 80, Language.EN: 160}
"""Characters of the names of units that owe the same; mail and the page behind the link have more."""
SHORT_REASON = 40
"""Characters of a reason somebody gave, or of what was said on the telephone."""
SHORT_NEWS = 60
"""Characters of what a follow-up says."""
NO_NEWS = News(title=Name(zh="最新情况", en="news"))
SHORT_NOTICE = 60
"""Characters of the text of a public notice; mail and the page behind the link have all of it."""
ASKED_TO_KNOW = frozenset({Purpose.REPORT, Purpose.FALLBACK})
"""Told so that they know: acknowledging is all that is asked of this person here."""
JUST = timedelta(minutes=1)
"""So soon after a limit nobody says by how much it has passed."""


class Writer:
    """`templates/<language>/<purpose>.txt` has the sentences as macros; `long.txt` and `long.html` lay them
    out.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=select_autoescape(("html",), default=False, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        # The notices of one decision say the same: 0.17 ms once instead of once for each person and channel.
        self._say = lru_cache(maxsize=64)(self._sentences)
        self._describe = lru_cache(maxsize=64)(self._described)

    def say(
        self,
        brief: Brief,
        purpose: Purpose,
        language: Language,
        now: datetime,
        desk: str = "",
        stands_in: str = "",
    ) -> NoticeSentences:
        """The sentences of one notice by name. `desk`: the number to ring where a link does not open;
        `stands_in`: for whom the reader answers as a deputy.
        """
        # Frozen structs can be hashed; the checker can't see that.
        return self._say(brief, purpose, language, now, desk, stands_in)  # pyright: ignore[reportArgumentType]

    def write(
        self,
        case: CaseId,
        notice: Notice,
        form: Form,
        *,
        link: str | None,
        now: datetime,
        desk: str = "",
        stands_in: str = "",
        keys: str = "",
    ) -> Letter:
        """`link` None: there is nothing to acknowledge. `desk`, `stands_in`: see `say`. `keys`: which digits
        answer it.
        """
        said = self.say(notice.brief, notice.purpose, notice.language, now, desk, stands_in)
        if form is Form.SPOKEN:
            return Letter(said["subject"], f"{said['spoken']} {keys}" if keys else said["spoken"])
        if form is Form.SHORT:
            short = f"{said['short'].rstrip(COLONS)}{keys}" if keys and link else f"{said['short']} "
            return Letter(said["subject"], f"{short}{link}" if link else said["short"])
        context = {
            **self.describe(notice.brief, notice.purpose, notice.language, now),
            **said,
            "case": case,
            "link": link,
            "desk": desk,
            "keys": keys,
        }
        text, html = (self.page(f"{notice.language}/long.{kind}", context) for kind in ("txt", "html"))
        return Letter(said["subject"], text, html)

    def page(self, name: str, context: Mapping[str, Any]) -> str:
        return self._environment.get_template(name).render(context)

    def full_time(self, at: datetime) -> str:
        return times.second(at, self.zone)

    def clock_time(self, at: datetime, now: datetime) -> str:
        return times.short(at, self.zone, now)

    def still_to_do(self, brief: Brief, purpose: Purpose, language: Language) -> str:
        """What acknowledging has not done."""
        context = self.describe(brief, purpose, language, brief.reported_at)
        return "" if context["knowing"] else context["owes"]

    def _sentences(
        self, brief: Brief, purpose: Purpose, language: Language, now: datetime, desk: str, stands_in: str
    ) -> NoticeSentences:
        context = {**self.describe(brief, purpose, language, now), "desk": desk, "stands_in": stands_in}
        template = self._environment.get_template(f"{language}/{purpose}.txt")
        return NoticeSentences(template.make_module(context), context["mark"], language, desk)

    def on_page(self, brief: Brief, purpose: Purpose, language: Language, now: datetime) -> dict[str, Any]:
        """What the page behind a link may say of the matter."""
        return {**self.describe(brief, purpose, language, now), **self.say(brief, purpose, language, now)}

    def describe(
        self, brief: Brief, purpose: Purpose, language: Language, now: datetime
    ) -> Mapping[str, Any]:
        """What a template may say of a matter, in the reader's words. What is not given is empty."""
        return self._describe(brief, purpose, language, now)  # pyright: ignore[reportArgumentType]

    def _described(
        self, brief: Brief, purpose: Purpose, language: Language, now: datetime
    ) -> Mapping[str, Any]:
        said, due = Words(language), brief.due_at
        several = brief.owing is not None and purpose is Purpose.OVERDUE

        def named(*names: Name) -> str:
            return said.names(names)

        return {
            "purpose": purpose,
            "heading": said.of(words.DIRECTORY)
            if brief.directory
            else said.of(words.TEST)
            if purpose is Purpose.ROLL_CALL
            else said.heading(brief.kind, brief.category, brief.level),
            "brief_heading": said.label("level", brief.level)
            if brief.level and not brief.directory
            else said.heading(brief.kind, brief.category, brief.level),
            "level": said.label("level", brief.level),
            "colour": COLOURS[brief.level],
            "grade": brief.level,
            "category": said.label("category", brief.category) if brief.category else "",
            "kind": said.label("kind", brief.kind),
            "happens": brief.kind in HAPPENING,
            "mark": said.of(words.EXERCISE) if brief.exercise else "",
            "sensitive": brief.sensitive,
            "area": named(brief.area_name),
            "unit": named(brief.unit_name),
            "owes": named(*brief.owes),
            "owed_by": named(brief.owed_by) if brief.owed_by and not several else "",
            "asks": purpose is not Purpose.NEWS or (brief.news is not None and brief.news.owes),
            "knowing": brief.knowing or purpose in ASKED_TO_KNOW or not brief.owes,
            "tasks": [self._task(task, said, now) for task in brief.tasks],
            "tasks_count": brief.tasks_count or len(brief.tasks),
            "owing": _owing(brief.owing, said) if brief.owing else None,
            "summary": words.on_one_line(brief.summary),
            "form": said.name(brief.form) if brief.form else "",
            "brief_form": words.shortened(said.name(brief.form), SHORT_FORM[language]) if brief.form else "",
            "brief_summary": words.shortened(brief.summary, SHORT_SUMMARY),
            "shorter_summary": words.shortened(brief.summary, SHORTER_SUMMARY[language]),
            "harm": harm_in_words(said, brief.harm) if brief.harm else "",
            "unanswered": named(*brief.unanswered),
            "excuses": said.listed(said.label("excuse", one) for one in brief.excuses),
            "details": brief.details or "",
            "brief_details": _quoted(brief.details, SHORT_DETAILS[language]),
            "occurred_short": times.minute(brief.occurred_at, self.zone, now),
            "learned_short": times.minute(brief.learned_at, self.zone, now),
            "settled_for": named(brief.settled_for) if brief.settled_for else "",
            "dark": named(*brief.dark),
            "unable": named(*brief.unable),
            "missed": named(*brief.dark, *brief.unable),
            "stray": brief.stray,
            "roll_call": _roll_call(brief.roll_call, said) if brief.roll_call else None,
            "news": self._news(brief, said, now) if brief.news or purpose is Purpose.NEWS else None,
            "ending": _ending(brief.ending, said) if brief.ending else None,
            "suspicion": self._suspicion(brief.suspicion, said, now) if brief.suspicion else None,
            "stood_in": named(brief.stood_in) if brief.stood_in else "",
            "reporter": named(brief.reported_by) if brief.reported_by else "",
            "called": self._called(brief.called, said, now) if brief.called else None,
            "late": due is not None and now > due,
            "just": due is not None and timedelta(0) < now - due < JUST,
            "due": times.short(due, self.zone, now) if due else "",
            "span": said.span(due - now) if due else "",
            "due_full": self.full_time(due) if due else "",
            "occurred": self.full_time(brief.occurred_at),
            "learned": self.full_time(brief.learned_at),
            "reported": self.full_time(brief.reported_at),
            "public_notice": self._public_notice(brief.public_notice, said, now)
            if brief.public_notice
            else None,
            "entry": self._entry(brief.directory, said, now) if brief.directory else None,
        }

    def task_line(self, task: AskedTask, said: Words) -> str:
        return said.of(
            words.TASK,
            title=words.on_one_line(task.title),
            assigner=said.name(task.assigner),
            due=self.full_time(task.due_at),
        )

    def _task(self, task: AskedTask, said: Words, now: datetime) -> dict[str, Any]:
        return {
            "line": self.task_line(task, said),
            "short": words.shortened(task.title, SHORT_TITLE),
            "due": times.short(task.due_at, self.zone, now),
            "assigner": said.name(task.assigner),
            "lead": task.lead,
            "led_by": said.name(task.led_by) if task.led_by else "",
        }

    def _entry(self, note: DirectoryNote, said: Words, now: datetime) -> dict[str, Any]:
        """What the directory says otherwise of the reader, and who has it so."""

        def named(name: Name | None) -> str:
            return "" if name is None else said.name(name)

        def signed(one: Signature | None) -> str:
            if one is None:
                return ""
            return said.aside(named(one.name), named(one.unit), named(one.post))

        def moment(at: datetime | None) -> str:
            return times.minute(at, self.zone, now) if at else ""

        changes = [
            {
                "what": one.what,
                "about": named(one.about),
                "other": named(one.other),
                "since": moment(one.since),
                "until": moment(one.until),
            }
            for one in note.changes
        ]
        return {
            "state": note.state,
            "changes": changes,
            "by": signed(note.by),
            "second": signed(note.approved_by),
            "why": words.on_one_line(note.why),
            "at": self.full_time(now),
        }

    def _news(self, brief: Brief, said: Words, now: datetime) -> dict[str, Any]:
        news = brief.news or NO_NEWS
        harm, was = news.harm, news.harm_was
        limits = [
            said.of(words.LIMIT_NOW, title=said.name(one.title), due=times.short(one.due_at, self.zone, now))
            for one in news.changes
        ]
        return {
            "title": said.name(news.title),
            "who": _signed(said, news.by, news.by_unit) if news.by else "",
            "second": said.name(news.seconded_by) if news.seconded_by else "",
            "text": words.on_one_line(news.text) if news.text else "",
            "short": _quoted(news.text, SHORT_NEWS),
            "harm": harm_in_words(said, harm, was) if harm else "",
            "harm_aloud": harm_in_words(said, harm, was, aloud=True) if harm else "",
            "is_first": news.is_first,
            "commander": said.name(news.commander) if news.commander else "",
            "acting": news.acting,
            "measure": said.label("measure", news.measure) if news.measure else "",
            "upheld": news.upheld,
            "regraded": news.regraded,
            "up": news.up,
            "was": said.grade(news.was_level, sensitive=news.was_sensitive),
            "now": said.grade(brief.level, sensitive=brief.sensitive),
            "asked": said.name(news.asked) if news.asked else "",
            "holder": said.name(news.holder) if news.holder else "",
            "limits": said.listed(limits),
            "owes": news.owes,
        }

    def _suspicion(self, news: SuspicionNews, said: Words, now: datetime) -> dict[str, Any]:
        return {
            "state": news.state,
            "tag": said.of(words.SUSPICIONS[news.state]),
            "unit": said.name(news.unit),
            "witness": said.name(news.witness),
            "told": times.minute(news.told_at, self.zone, now),
            "limit": times.minute(news.limit, self.zone, now),
            "judge_by": times.minute(news.judge_by, self.zone, now) if news.judge_by else "",
            "why": _quoted(news.why),
        }

    def _public_notice(self, notice: AskedNotice, said: Words, now: datetime) -> dict[str, Any]:
        return {
            "text": notice.text,
            "short": words.shortened(notice.text, SHORT_NOTICE),
            "unit": said.name(notice.unit) if notice.unit is not None else "",
            "approvals": notice.approvals,
            "wanted": notice.approvals_needed,
            "not_before": times.minute(notice.not_before, self.zone, now) if notice.not_before else "",
        }

    def _called(self, called: CallMade, said: Words, now: datetime) -> dict[str, Any]:
        return {
            "who": _signed(said, called.by, called.by_unit),
            "at": times.short(called.at, self.zone, now),
            "number": called.number or "",
            "listed": called.listed,
            "said": _quoted(called.said),
        }


def _roll_call(news: RollCallNews, said: Words) -> dict[str, Any]:
    def named(names: tuple[Name, ...]) -> str:
        return words.shortened(said.names(names), SHORT_UNITS[said.language])

    return {
        "asked": news.asked,
        "answered": news.answered,
        "silent": named(news.silent),
        "unreachable": named(news.unreachable),
        "not_sent": named(news.not_sent),
        "dark_posts": named(news.dark_posts),
    }


def _owing(owing: OwingUnits, said: Words) -> dict[str, Any]:
    """`names`: as many as the notice has; `short`: those that fit a short message."""
    names, fitting, room = [said.name(name) for name in owing.names], 0, SHORT_UNITS[said.language]
    while fitting < len(names) and (room := room - len(names[fitting]) - 1) >= 0:
        fitting += 1
    return {
        "count": owing.count,
        "names": said.and_more(names, owing.count),
        "short": said.and_more(names[: max(1, fitting)], owing.count),
    }


def _ending(ending: EarlyEnd, said: Words) -> dict[str, Any]:
    return {
        "kind": ending.kind,
        "who": _signed(said, ending.by, ending.by_unit),
        "why": _quoted(ending.why),
        "second": said.name(ending.seconded_by) if ending.seconded_by else "",
        "was": said.grade(ending.was_level, sensitive=ending.was_sensitive),
        "now": said.grade(ending.level, sensitive=ending.sensitive),
        "owes": ending.owes,
    }


def _quoted(said: str | None, length: int = SHORT_REASON) -> str:
    """What somebody wrote, short enough for a message and without its full stop."""
    return words.shortened(said, length).rstrip("。.") if said else ""


def _signed(said: Words, who: Name, unit: Name | None) -> str:
    return said.aside(said.name(who), said.name(unit) if unit is not None and unit != who else "")
