"""Every kind of message as people get it, with what it costs: written to be read by eye.

`python -m tests.notifier.golden` writes tests/data/messages.txt anew.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from services.notifier.channels import Form
from services.notifier.messages.asking import SILENT
from services.notifier.messages.writer import Writer
from shared.facts import AskedTask, CallMade, EarlyEnd, HarmCount, Name, News, Purpose
from shared.ids import CaseId
from shared.sms import sms_size
from shared.vocabulary import Kind, Language, Level
from tests.notifier.decisions import a_notice

MESSAGES = Path(__file__).parents[1] / "data" / "messages.txt"
CASE = CaseId("01KB0000000000000000000000")
LINK = "https://fh.city.example/a/" + "x" * 26
NOW = datetime(2026, 11, 2, 19, 3, tzinfo=UTC)  # 03:03 in Shanghai
DESK = "0930-8212345"
ZHANG, BUREAU = Name(zh="张来", en="Zhang Lai"), Name(zh="市应急管理局", en="Emergency Management Bureau")
SUMMARY = {Language.ZH: "煤矿透水，12人被困", Language.EN: "mine flooded, 12 trapped"}
DETAILS = {
    Language.ZH: "救援队 02:55 到达，水泵已运转，电话 13800000000",
    Language.EN: "Rescuers there since 02:55, pumps run, telephone 13800000000",
}
TITLE = {Language.ZH: "向龙口增派水泵", Language.EN: "Pumps to Longkou"}
TASK = AskedTask(
    title="", due_at=NOW + timedelta(hours=3), assigner=Name(zh="市应急办", en="Emergency Office")
)
WRITTEN_REPORT = Name(zh="书面报告", en="written report")

FIRST = "the first report"
SCENES: tuple[tuple[str, Purpose, dict[str, Any]], ...] = (
    (FIRST, Purpose.REPORT, {}),
    ("the first report, an exercise", Purpose.REPORT, {"exercise": True}),
    ("somebody stands in", Purpose.FALLBACK, {"dark": (ZHANG,)}),
    ("a reminder of the report", Purpose.REMINDER, {}),
    ("something to do", Purpose.DUTY, {"owes": (WRITTEN_REPORT,)}),
    ("a reminder of it", Purpose.REMINDER, {"owes": (WRITTEN_REPORT,), "due_at": NOW + timedelta(days=2)}),
    ("a task", Purpose.DUTY, {"owes": (Name(zh="签收任务", en="acceptance of the task"),), "tasks": (TASK,)}),
    ("overdue", Purpose.OVERDUE, {"owes": (WRITTEN_REPORT,), "owed_by": BUREAU, "due_at": NOW - timedelta(seconds=2)}),
    ("once more", Purpose.AGAIN, {"owes": (WRITTEN_REPORT,), "due_at": NOW - timedelta(hours=2)}),
    (
        "graded up by what is known now",
        Purpose.NEWS,
        {
            "level": Level.I,
            "news": News(
                title=Name(zh="升级", en="graded up"),
                by=ZHANG,
                by_unit=BUREAU,
                harm=HarmCount(deaths=2, trapped=38),
                harm_was=HarmCount(trapped=12),
                regraded=True,
                up=True,
                was_level=Level.II,
            ),
        },
    ),
    (
        "told by telephone",
        Purpose.CALLED,
        {"called": CallMade(by=ZHANG, by_unit=BUREAU, at=NOW - timedelta(minutes=5), number="…0102", said="told")},
    ),
    (
        "withdrawn",
        Purpose.WITHDRAWN,
        {
            "ending": EarlyEnd(
                kind=Kind.WITHDRAWN, by=ZHANG, by_unit=BUREAU, why="by mistake", seconded_by=ZHANG,
                was_level=Level.II, level=Level.II, owes=False,
            )
        },
    ),
)  # fmt: skip


def letters() -> Iterator[tuple[str, Purpose, Language, Form, str]]:
    """Scene, purpose, language, form and text."""
    writer = Writer(ZoneInfo("Asia/Shanghai"))
    for scene, purpose, brief in SCENES:
        for language in Language:
            says: dict[str, Any] = {
                "summary": SUMMARY[language],
                "details": DETAILS[language],
                "occurred_at": NOW - timedelta(minutes=9),
                "learned_at": NOW - timedelta(minutes=3),
                "reported_at": NOW - timedelta(minutes=2),
                "due_at": NOW + timedelta(minutes=27),
                **brief,
            }
            if says.get("tasks"):
                says["tasks"] = (replace(TASK, title=TITLE[language]),)
            notice = a_notice(CASE, language=language, purpose=purpose, **says)
            for form in Form if scene == FIRST else (Form.SHORT, Form.SPOKEN):
                link = None if purpose in SILENT else LINK
                text = writer.write(CASE, notice, form, link=link, now=NOW, desk=DESK).text
                yield scene, purpose, language, form, text


def written() -> str:
    lines: list[str] = []
    for scene, _, language, form, text in letters():
        size = sms_size(text)
        cost = f", {size.places} places of {size.alphabet}, {size.parts} SMS" if form is Form.SHORT else ""
        lines += [f"# {scene}, {language}, {form}{cost}", text.strip(), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    MESSAGES.write_text(written(), encoding="utf-8")
