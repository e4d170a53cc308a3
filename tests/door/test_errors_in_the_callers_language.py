"""What a service says to whoever calls it over HTTP: words in the language of Accept-Language, everything that
programs read the same in each.
"""

import ast
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from shared.bodies import form_of
from shared.facts import Name, ReportForm
from shared.fault_texts import MOST_FAULTS
from shared.message import N_, listed, said
from shared.problems import DETAIL_LENGTH, Problem, install
from shared.unavailable import UnavailableError
from tests.lab import ROOT

ZH, EN = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}, {"Accept-Language": "en-GB"}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    app = FastAPI()
    install(app)

    @app.post("/reports")
    async def report(request: Request) -> None:
        await form_of(request, ReportForm, N_("report"))

    @app.get("/roster/{roster}")
    async def roster(roster: str) -> None:
        raise Problem(
            404,
            N_("No such roster"),
            said(
                N_("No roster %(roster)s: take an id from GET /api/v1/directory/rosters."),
                roster=repr(roster),
            ),
            dark=["duty_post"],
        )

    @app.get("/forbidden")
    async def forbidden() -> None:
        raise Problem(403, N_("Forbidden"), listed([Name(zh="无权", en="you may not")]))

    @app.get("/away")
    async def away() -> None:
        raise UnavailableError

    @app.get("/number/{number}")
    async def number(number: int) -> None: ...

    with TestClient(app, raise_server_exceptions=False) as open_client:
        yield open_client


def both(client: TestClient, method: str, path: str, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The problem in Chinese and in English; what programs read is the same."""
    answers = [client.request(method, path, headers=headers, **options) for headers in (ZH, EN)]
    assert [answer.headers["content-language"] for answer in answers] == ["zh", "en"]
    assert [answer.headers["vary"] for answer in answers] == ["Accept-Language"] * 2
    assert answers[0].status_code == answers[1].status_code
    zh, en = (answer.json() for answer in answers)
    words = {"title", "detail", "errors"}
    assert {key: zh[key] for key in zh.keys() - words} == {key: en[key] for key in en.keys() - words}
    assert [fault["field"] for fault in zh.get("errors", [])] == [
        fault["field"] for fault in en.get("errors", [])
    ]
    return zh, en


def test_title_and_detail_are_in_the_callers_language(client: TestClient) -> None:
    zh, en = both(client, "GET", "/roster/night")

    assert (zh["title"], zh["detail"]) == (
        "没有这样的值班表",
        "没有值班表 'night'：编号见 GET /api/v1/directory/rosters。",
    )
    assert (en["title"], en["dark"]) == ("No such roster", ["duty_post"])


def test_each_field_at_fault_is_named_alike_and_told_in_the_callers_language(client: TestClient) -> None:
    form = {
        "kind": "fire", "category": "accident", "unit": "", "area": "6", "occurred_at": "yesterday",
        "learned_at": "2026-11-23T03:05:00", "summary": "x" * 5_000, "sumary": "?", "harm": {"deaths": -1},
    }  # fmt: skip
    zh, en = both(client, "POST", "/reports", json=form)

    told = {fault["field"]: fault["message"] for fault in zh["errors"]}
    assert zh["title"] == "报告无效"
    assert zh["detail"] == "未存入任何内容：请更正 errors 中指出的字段后重新提交报告。"
    assert told["kind"].startswith("'fire' 不在可选值之内：请写 'incident'")
    assert told["occurred_at"] == "'yesterday' 不是时间：请写作 2026-11-23T03:05:00+08:00"
    assert told["learned_at"] == "没有时区：请加上时差，如 2026-11-23T03:05:00+08:00"
    assert told["sumary"] == "不是此处的字段：是不是 summary？"
    assert [message for message in told.values() if message.isascii()] == []
    assert all(fault["message"].isascii() for fault in en["errors"])


@pytest.mark.parametrize(
    ("method", "path", "title"),
    [
        ("GET", "/away", "消息服务无应答"),
        ("GET", "/number/many", "填写有误"),
        ("GET", "/nowhere", "未找到"),
        ("DELETE", "/away", "不支持的方法"),
        ("GET", "/forbidden", "无权操作"),
    ],
)
def test_what_the_framework_and_the_broker_refuse_is_told_so_too(
    client: TestClient, method: str, path: str, title: str
) -> None:
    zh, en = both(client, method, path)

    assert zh["title"] == title
    assert not zh["detail"].isascii()
    assert en["detail"].isascii()


def test_a_body_that_is_no_json_and_one_with_a_thousand_faults_stay_small(client: TestClient) -> None:
    zh, _ = both(client, "POST", "/reports", content=b"{")
    many, _ = both(client, "POST", "/reports", json={f"field{number}": "x" * 900 for number in range(1_000)})

    assert zh["title"] == "不是 JSON"
    assert len(many["errors"]) == MOST_FAULTS + 1
    assert many["errors"][-1]["message"].startswith("另有 ")
    assert len(many["detail"]) <= DETAIL_LENGTH


SPOKEN = ("Problem", "invalid", "unauthorized", "forbidden")


def bare_words() -> Iterator[str]:
    """Words of an error that are written where no catalogue knows of them."""
    for room in ("services", "shared"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
                if not isinstance(node, ast.Call) or name not in SPOKEN:
                    continue
                # `invalid` names the document last, in one word that `shared/problems.py` marks.
                told = node.args[:1] if name == "invalid" else node.args
                for argument in told:
                    parts = [
                        pair.elts[1]
                        for pair in ast.walk(argument)
                        if isinstance(pair, ast.Tuple) and len(pair.elts) == 2
                    ]
                    for words in parts or [argument]:
                        if isinstance(words, ast.JoinedStr) or (
                            isinstance(words, ast.Constant) and isinstance(words.value, str)
                        ):
                            yield f"{path.relative_to(ROOT)}:{words.lineno}"


def test_no_error_is_worded_past_the_catalogue() -> None:
    assert sorted(bare_words()) == []
