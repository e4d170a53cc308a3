"""What a case hands out says what the case says: no letter of what has not happened, none without a head or a foot, and
whatever stands in the texts, it can be written in every format.
"""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from services.intake.documents.case_documents import document_of, documents_of
from shared.case import Case
from shared.documents.words import DocumentWords
from shared.documents.writing import DocumentFormat, written
from shared.forms import load_forms
from shared.problems import Problem
from shared.vocabulary import Document, Kind, Language, ReportKind
from shared.web.names import Names
from tests.escalator.builders import ROOT, example_directory
from tests.stories.stage import Stage

ZONE = ZoneInfo("Asia/Shanghai")
FORMS = load_forms(ROOT / "config" / "forms.yaml")
COUNTY = "shaquan_government"
Said = tuple[Kind, str, dict[str, Any]]
"""What was done, by which unit, with what."""
ODD = "<script>alert(1)</script> \ufffe\uffff %(x)s {{ x }} 沙泉"


def said_in(language: Language = Language.ZH) -> DocumentWords:
    return DocumentWords(language, Names(example_directory()), ZONE)


def petition(stage: Stage, *acts: Said) -> Case:
    case = stage.report(ReportKind.PETITION, unit="petition_office", area="620621", summary="征地补偿未兑现")
    for kind, unit, fields in acts:
        stage.tries(case, kind, unit, **fields)
    return stage.case(case)


HANDED: Said = (Kind.TRANSFERRED, "petition_office", {"to_unit": COUNTY, "text": "属地办理"})
TAKEN: Said = (Kind.ACCEPTED, COUNTY, {})
SETTLED: Said = (Kind.FILED, COUNTY, {"document": Document.SETTLEMENT, "text": "补偿到位"})


def titles(case: Case) -> list[str]:
    return [document.title for document in documents_of(case, said_in(), FORMS)]


def text_of(case: Case, place: int = 0, language: Language = Language.ZH) -> str:
    words = said_in(language)
    document = documents_of(case, words, FORMS)[place]
    return written(document.write(), words, DocumentFormat.TEXT, "a").content.decode()


def test_to_hand_a_petition_on_is_not_to_take_it_up() -> None:
    assert titles(petition(Stage())) == []
    assert titles(petition(Stage(), HANDED)) == []
    assert titles(petition(Stage(), HANDED, TAKEN)) == ["信访事项受理告知书"]


def test_a_unit_takes_up_what_it_holds_once_and_nobody_takes_it_up_for_it() -> None:
    progress = (Kind.PROGRESSED, "petition_office", {"text": "已登记"})
    (letter,) = documents_of(petition(Stage(), progress, progress), said_in(), FORMS)
    assert letter.reference.startswith("市信访局信访受理〔2026〕")
    case = petition(Stage(), progress, HANDED, TAKEN)
    assert [answer.unit for answer in case.answers] == ["petition_office", COUNTY]


def test_settled_at_once_needs_no_acceptance_and_ends_the_taking_up() -> None:
    at_once = (Kind.FILED, "petition_office", {"document": Document.SETTLEMENT, "text": "当场答复"})
    progress = (Kind.PROGRESSED, "petition_office", {"text": "已登记"})
    assert titles(petition(Stage(), at_once, progress)) == ["信访事项处理意见书"]


def test_without_a_form_the_letter_goes_to_whoever_petitioned() -> None:
    text = text_of(petition(Stage(), HANDED, TAKEN))
    assert "\n信访人：\n" in text
    assert "事项情况" not in text
    assert "最迟于2027年1月" in text, "the sixty days of the policy"


def test_the_term_to_ask_is_that_of_the_policy_and_is_left_out_where_it_has_none() -> None:
    text = text_of(petition(Stage(), HANDED, TAKEN, SETTLED), 1)
    assert "起30 天内" in text
    assert petition(Stage(), HANDED, TAKEN).kept_until is None
    case = petition(Stage(), HANDED, TAKEN, SETTLED)
    assert case.kept_until == case.answers[-1].ask_by, "so long the case stays where the letter sends them"
    silent = replace(case, answers=tuple(replace(answer, ask_by=None) for answer in case.answers))
    text = text_of(silent, 1)
    assert "书面请求复查" in text
    assert "请求期限" not in text


def test_what_was_refused_is_no_answer() -> None:
    again = (Kind.REVIEWED, "government", {"approve": True, "text": "维持"})
    asked = (Kind.REVIEW_ASKED, "petition_office", {"text": "不服"})
    case = petition(Stage(), HANDED, TAKEN, SETTLED, asked, again, asked, again)
    assert [answer.step for answer in case.answers] == ["taken_up", "settled", "reviewed"]


def test_an_exercise_says_so_at_its_head() -> None:
    case = petition(Stage(), HANDED, TAKEN)
    exercise = replace(case, report=replace(case.report, exercise=True))
    assert text_of(exercise).startswith("演练：不得送出")
    assert text_of(exercise, language=Language.EN).startswith("Exercise: not to be handed out")


@pytest.mark.parametrize("form", DocumentFormat)
def test_whatever_people_wrote_can_be_written_and_runs_nowhere(form: DocumentFormat) -> None:
    case = petition(Stage(), HANDED, TAKEN, SETTLED)
    odd = replace(
        case,
        report=replace(case.report, summary=ODD),
        answers=tuple(replace(answer, text=ODD) for answer in case.answers),
    )
    words = said_in()
    for document in documents_of(odd, words, FORMS):
        content = written(document.write(), words, form, "a").content
        assert b"<script>" not in content or form is DocumentFormat.TEXT


def test_of_a_name_that_is_no_document_the_answer_says_where_they_are_listed() -> None:
    for name in ("letter-0", "assignment", "../x", ""):
        with pytest.raises(Problem) as refused:
            document_of(petition(Stage()), name, said_in(), FORMS)
        assert refused.value.status == 404
