"""`fenghuo trail analysis|case-bulletin|price-bulletin|notice|review`: the documents made from the record; and
`fenghuo trail document`: whether a file is one of them, unchanged since, checked here with the public key alone.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from fenghuo.answers import AsJson, Exit, InLanguage, answer, fail, out
from fenghuo.commands._files import AskedForm, OutputFile, OutputForm, write_document
from fenghuo.commands._trail_reports import SLOW
from fenghuo.speech import worded
from fenghuo.trail_source import Vkey, bytes_of, pinned
from shared.vocabulary import Language, Role

AskedPeriod = Annotated[str, typer.Argument(help="A month, 2026-10, or a quarter, 2026-Q3.")]
AskedWeek = Annotated[str, typer.Argument(help="A week, 2026-W48.")]
AskedCase = Annotated[str, typer.Argument(help="The case.")]


def analysis(
    period: AskedPeriod,
    form: AskedForm = OutputForm.DOCX,
    language: InLanguage = Language.ZH,
    to: OutputFile = None,
) -> None:
    """Write the analysis of a month or quarter, ready to hand in."""
    _write("/api/v1/reports/analysis", form, language, to, period=period)


def case_bulletin(
    period: AskedPeriod,
    form: AskedForm = OutputForm.DOCX,
    language: InLanguage = Language.ZH,
    to: OutputFile = None,
) -> None:
    """Write the bulletin of cases under supervision of a month or quarter, ready to hand in."""
    _write("/api/v1/reports/case-bulletin", form, language, to, period=period)


def price_bulletin(
    week: AskedWeek,
    form: AskedForm = OutputForm.DOCX,
    language: InLanguage = Language.ZH,
    to: OutputFile = None,
) -> None:
    """Write the price bulletin of a week, ready to hand in."""
    _write("/api/v1/reports/price-bulletin", form, language, to, week=week)


def notice(
    case: AskedCase,
    form: AskedForm = OutputForm.TEXT,
    language: InLanguage = Language.ZH,
    to: OutputFile = None,
) -> None:
    """Write the public notice of a case as it stands: facts, text, approvals, reply window, publication."""
    _write(f"/api/v1/cases/{case}/public-notice", form, language, to)


def review(
    case: AskedCase,
    form: AskedForm = OutputForm.DOCX,
    language: InLanguage = Language.ZH,
    to: OutputFile = None,
) -> None:
    """Write the review after an event: causes, what happened when, what it taught as tasks and how they stand."""
    _write(f"/api/v1/cases/{case}/review", form, language, to)


def _write(path: str, form: OutputForm, language: Language, to: Path | None, **asked: str) -> None:
    params = {**asked, "format": form.value, "language": language.value}
    write_document("audit", path, Role.AUDITOR, params, to, form, timeout=SLOW)


def document(
    file: Annotated[Path, typer.Argument(help="The DOCX, as it was saved or handed in.")],
    vkey: Vkey = None,
    as_json: AsJson = False,
) -> None:
    """Say of which record an analysis or bulletin was made, and that it was not changed since. Ends with 1 where it
    is not such a document.
    """
    from shared.files.from_record import LARGEST, made_from_record

    content = bytes_of(file)
    made = made_from_record(content, pinned(vkey)) if len(content) <= LARGEST else None
    if made is None:
        fail(
            Exit.NO,
            worded("%(file)s is not a document made from this record, or was changed since", file=file),
            worded("have it made anew: fenghuo trail analysis, case-bulletin or price-bulletin"),
        )
    answer(made.model_dump(mode="json"), as_json=as_json, render=_show)


def _show(made: dict[str, Any]) -> None:
    out.print(
        worded(
            "made from the record of %(since)s to %(until)s, as it stood at %(at)s: %(size)s records, root %(root)s; unchanged since",
            **{name: made[name] for name in ("since", "until", "at", "size", "root")},
        ),
        highlight=False,
    )
