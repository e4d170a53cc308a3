"""What is wrong with something a person has written is said in their language, file, line, field and remedy:
every fault that there is, not those alone that somebody thought of.

The types say the rest: faults are `Sayable`, only N_ and `said` make that, and every message of N_ has its
Chinese (test_pages.py).
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.escalator.policy.check import findings
from services.escalator.policy.load import parse_policy
from services.intake.ingest.formats import FORMATS
from services.intake.ingest.formats.items import Arrival, FormatError
from services.notifier.channel_file import read_channels
from shared.directory import Directory
from shared.directory.rows import TABLES, read_rows
from shared.fault_texts import in_words
from shared.forms.book import parse_forms
from shared.language.words import Words
from shared.lined_yaml import FileFault, parse
from shared.message import Sayable
from shared.vocabulary import Language
from tests.escalator.policy_faults import AT, CHANGES
from tests.unit.policy_given import directory, policy

ROOT = Path(__file__).resolve().parents[2]
FOR_PEOPLE = (
    "services/intake/acting",
    "services/intake/api",
    "services/intake/desk",
    "services/intake/directory",
    "services/intake/fields",
    "services/intake/ingest",
    "services/intake/recording",
    "services/intake/reporting",
    "services/escalator/policy",
    "services/notifier/channel_file.py",
    "shared/directory",
    "shared/facts",
    "shared/forms",
    "shared/lined_yaml.py",
)
"""Where what people have written is read. Elsewhere an error is one of ours, for the operator's log."""
OF_OURS = {"UnavailableError": "told with a title and advice of its own, never with its words"}
A_SENTENCE = re.compile(r"[a-z]{2,}[ ,:]+[a-z]{2,}")
ENGLISH = re.compile(r"\b[a-z]{2,}(?:,? [a-z]{2,}){2,}\b")
"""Three words running: ids, fields and examples of what to write never are."""
PARSERS_OWN = re.compile("（[^）]*）|不是合格的 YAML：.*")
"""What a parser says of the letters it read."""
ZH = Words(Language.ZH)


def modules() -> Iterator[Path]:
    for room in FOR_PEOPLE:
        path = ROOT / room
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def literal(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(literal(value) for value in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else "{}"


def raised_in_english_alone(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Raise) or not isinstance(node.exc, ast.Call):
            continue
        error = ast.unparse(node.exc.func)
        yield from (
            f"{path.relative_to(ROOT)}:{node.lineno}: {error}: {literal(given)}"
            for given in node.exc.args
            if error not in OF_OURS and A_SENTENCE.search(literal(given))
        )


def test_no_error_that_people_read_is_raised_in_one_language_alone() -> None:
    paths = list(modules())
    assert len(paths) > 100
    assert [fault for path in paths for fault in raised_in_english_alone(path)] == []


def in_chinese(faults: list[Sayable]) -> list[str]:
    assert faults
    told = [ZH.again(fault) for fault in faults]
    left = [
        text for text in told if ENGLISH.search(PARSERS_OWN.sub("", text)) or not re.search("[一-鿿]", text)
    ]
    assert not left, left
    return told


def faults_of_file(read: object, *given: object) -> list[Sayable]:
    assert callable(read)
    with pytest.raises(FileFault) as fault:
        read(*given)
    assert ZH.again(fault.value.args[0]) == "\n".join(map(ZH.again, fault.value.faults))
    return fault.value.faults


@pytest.mark.parametrize("title", CHANGES)
def test_a_policy_that_cannot_be_followed(title: str) -> None:
    found = findings(policy(CHANGES[title]), directory(), AT)
    told = in_chinese([*found.faults, *found.warnings])
    assert all(re.match(r"policy\.yaml:\d+: \S+: ", text) for text in told)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("version: a\nversion: b", "policy.yaml:2: 不是合格的 YAML：version 在此重复出现：请只写一次"),
        ("version: a\nlevles: {}", "policy.yaml:2: levles: 不是此处的字段：请删除"),
        ("clock: { timezone: Mars/Olympus }", "不是时区：请写如 Asia/Shanghai"),
        ("half_hour: { within: 1 hour }", "不是时长：请按 ISO 8601 书写，如 PT30M"),
        ("tasks: { meeting_report: P0WD }", "等于没有时间：至少写 P1WD"),
        (
            "grading: { accident: { deaths: [1, 2, 3] } }",
            "policy.yaml:1: grading.accident.injuries: 缺少：请填写",
        ),
    ],
)
def test_a_policy_that_cannot_be_read(text: str, says: str) -> None:
    assert says in "\n".join(in_chinese(faults_of_file(parse_policy, text)))


REFERENCES = ("area", "unit", "superior", "head", "duty_post", "post", "tell")


@pytest.mark.parametrize("field", REFERENCES)
def test_a_directory_that_names_what_is_not_there(field: str) -> None:
    text = (ROOT / "config/directory.yaml").read_text(encoding="utf-8")
    changed = re.sub(rf"""(\b{field}: )"?\w+"?""", r"\1nobody_at_all", text)
    assert changed != text
    told = in_chinese(faults_of_file(parse, changed, Directory, "directory.yaml"))
    assert all("nobody_at_all" in line for line in told if "没有声明" in line)
    assert re.match(r"directory\.yaml:\d+: \w+\.\d+\.", told[0])


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("id,name_zh\nok,甲\n", "people.csv:2: unit: 缺少：请填写"),
        ("name_zh\n甲\n", "people.csv:1: id: 没有此列；首行写各列名称"),
        ("id,name_zh,unit\nBad,甲,gov_office\n", "people.csv:2: id: 'Bad' 不符合格式"),
        ("id,name_zh\nok,甲,乙,丙\n", "people.csv:2: 单元格多于列数"),
    ],
)
def test_a_table_of_the_directory(raw: str, says: str) -> None:
    read = faults_of_file(read_rows, raw.encode(), "people.csv", TABLES["people"], directory())
    assert says in "\n".join(in_chinese(read))


FIELD = "version: a\nforms:\n  outage:\n    title: { zh: 停供, en: Outage }\n    of: [{ kinds: [incident] }]\n    fields:\n      one: "


@pytest.mark.parametrize(
    ("rest", "says"),
    [
        ("{ title: { zh: 一, en: one }, type: choice }", "fields.one.choices: 只有选择字段才有选项"),
        (
            "{ title: { zh: 一, en: one }, type: text, least: 2 }",
            "fields.one.least: 对 text 没有意义：请删去",
        ),
        ("{ title: { zh: 一, en: one }, type: colour }", "forms.yaml:7: forms.outage.fields.one.type: "),
        ("{ title: { zh: 一, en: one }, type: text }\n    complete: [two]", "没有字段 two"),
    ],
)
def test_a_form_that_means_nothing(rest: str, says: str) -> None:
    assert says in "\n".join(in_chinese(faults_of_file(parse_forms, FIELD + rest)))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("channels:\n  voice: { kind: pigeon }", "channels.yaml:2: channels.voice.kind: 'pigeon' 不在其中："),
        ("channels:\n  voice: { kind: webhook, url: ${NO_SUCH} }", "channels.yaml:2: NO_SUCH 未设置"),
        (
            "channels:\n  voice: { kind: webhook, url: nowhere }",
            "channels.voice.url: 'nowhere' 不是可投递的地址",
        ),
        ("channels: {}", "channels.yaml:1: channels: 项数太少：请至少给出 1 项"),
    ],
)
def test_a_file_of_channels(text: str, says: str) -> None:
    assert says in "\n".join(in_chinese(faults_of_file(read_channels, text, {})))


CAP = '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">{}</alert>'


@pytest.mark.parametrize(
    ("format_name", "raw", "says"),
    [
        ("cap", "<a>", "不是格式正确的 XML"),
        ("cap", "<!DOCTYPE a><a/>", "含有 DOCTYPE：请去掉后再发"),
        ("cap", "<a/>", "根元素为 a：请发送 <alert xmlns="),
        (
            "cap",
            CAP.format("<msgType>Alert</msgType><sent>now</sent>"),
            "不是这样的时间：须为带数字时区偏移的时间",
        ),
        ("cap", CAP.format("<msgType>Cry</msgType>"), "'Cry' 不在可选值之内：请写其中之一：Alert、Update"),
        ("alertmanager", "{", "不是 UTF-8 编码的 JSON"),
        ("alertmanager", '{"version": "3", "alerts": []}', "version：'3' 不在可选值之内"),
        ("cloudevents", "[]", "一批可含 1 至 500 条，本批有 0 条：请拆分"),
        (
            "cloudevents",
            '{"specversion": "1.0", "id": "1", "source": "a", "type": "b", "data": {}}',
            "此处不接收 'b'",
        ),
        ("hotline", '{"id": "1", "colour": "red"}', "colour：不是此处的字段：请删除"),
    ],
)
def test_a_message_of_another_system(format_name: str, raw: str, says: str) -> None:
    source = next(iter(directory().sources))
    with pytest.raises(FormatError) as fault:
        FORMATS[format_name](Arrival(raw=raw.encode(), source=source, received_at=AT))
    told = [f"{field}：{ZH.again(words)}" for field, words in fault.value.faults]
    in_chinese([fault.value.reason, *(words for _, words in fault.value.faults)])
    assert says in "\n".join(told)


def test_whatever_pydantic_finds_in_a_form_is_said_in_chinese() -> None:
    """Its own kinds of faults, as far as a document of ours can meet them."""
    with pytest.raises(ValidationError) as error:
        Directory.model_validate(
            {"version": "", "areas": {}, "people": [{"id": 1, "name": None}], "units": 3}
        )
    in_chinese([in_words(fault) for fault in error.value.errors(include_url=False)])
