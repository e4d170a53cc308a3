"""Who did what is the same sentence on the desk, in the explorer, on the command line and in the bundle."""

import html
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from fenghuo.answers import out
from fenghuo.commands._show_story import show_story
from services.audit.evidence.bundle import timeline
from services.audit.evidence.bundle.collect import collect
from services.audit.reading import told
from services.audit.reading.views import entry_view
from shared.directory import Directory
from shared.facts import Actor, Fact
from shared.facts.keeping import ErasedFields, Redacted
from shared.ids import CaseId
from shared.language.words import Words
from shared.story.case_log import recent
from shared.story.telling import Sentences
from shared.vocabulary import Kind, Language, Level, Role
from shared.web.names import Names
from tests.audit.made import MadeTrail
from tests.audit.story import Recorded, policy_told
from tests.stories.stage import ZONE, Stage

SAID = {
    Language.ZH: (
        "姜月（望山县信息中心，值班员）报告II级重大事故灾难",
        "电话、短信报告赵甲（市委书记）、钱乙（市长）、孙丙（市委分管领导）、李丁（分管副市长）、周戊（市应急办主任）",
        "未应答：等待期内无应答",
        "吴己答复：已知悉（链接）",
        "周戊（市应急办，值班员）登记：已电话告知李丁",
        "未获准：姜月（望山县信息中心，报告人）将事项办结",
        "理由：该角色无权办理",
        "周戊（市应急办，督办）将等级调整为I级特别重大",
        "姜月（望山县信息中心，值班员）提出将本事项移送望山县应急管理局",
        "陶日（望山县应急管理局，值班员）接收本事项",
        "陶日（望山县应急管理局，督办）交办“封锁道路”（望山县应急管理局）",
        "死亡0→3人",
        "附件：现场.jpg",
        "逾期未履行：“书面报告”（陶日，时限 12:00）：未按时限完成",
        "移送责任追究：“书面报告”（望山县应急管理局）：未按时限完成",
    ),
    Language.EN: (
        "Wu Ji answered: knows of it (link)",
        "Refused: Jiang Yue (Information Centre of Wangshan County, reporter) closed the case",
        "The reason: this is not for that role",
        "Bureau of Wangshan County, duty officer) accepted the case",
        "0→3 dead",
        "Attached: 现场.jpg",
    ),
}
RAW = re.compile(r"[a-z]+_[a-z]+|UTC|\b01[0-9A-Z]{24}\b")


def a_case() -> tuple[CaseId, Stage, Recorded]:
    stage = Stage()
    world = stage.world = Recorded(stage.world.rules)
    world.facts.append((policy_told(stage), stage.now))
    by = stage.actor("wangshan_info_centre")
    case = stage.report(level=Level.II, by=by, reported_by=by.principal, details="三人被困")
    stage.after(minutes=6)
    stage.acknowledges(case, "secretary_general")
    stage.logs_a_call(case, "gov_in_charge", by="emergency_office", note="已说明情况")
    stage.refused(case, Kind.CLOSED, "wangshan_info_centre", role=Role.REPORTER, text="处置完毕")
    stage.says(case, Kind.REGRADED, "emergency_office", role=Role.SUPERVISOR, level=Level.I, text="伤亡上升")
    stage.says(case, Kind.TRANSFERRED, "wangshan_info_centre", to_unit="wangshan_emergency", text="属其职责")
    stage.says(case, Kind.ACCEPTED, "wangshan_emergency")
    task = {"title": "封锁道路", "unit": "wangshan_emergency", "within": "PT2H"}
    stage.says(case, Kind.ASSIGNED, "wangshan_emergency", role=Role.SUPERVISOR, tasks=[task])
    photograph = {"sha256": "0" * 64, "name": "现场.jpg", "type": "image/jpeg", "bytes": 3}
    stage.says(case, Kind.FOLLOWED_UP, "wangshan_emergency", deaths=3, files=[photograph], text="三人遇难")
    stage.after(minutes=60)
    return case, stage, world


CASE, STAGE, WORLD = a_case()


def erasure() -> Fact:
    by = Actor(principal="feng_ren", role=Role.REDACTOR)
    order = Redacted(
        by=by, entries=(ErasedFields(index=0, fields=("data.details",)),), legal_basis="第四十七条"
    )
    at = STAGE.now + timedelta(minutes=1)
    return Fact.of(Kind.REDACTED, id="r1", source="/services/audit", subject=CASE, time=at, data=order)


async def in_explorer(
    trail: MadeTrail, directory: Directory, language: Language, monkeypatch: pytest.MonkeyPatch
) -> list[Sentences]:
    async def titles(_: Any) -> dict[str, Any]:
        return {rule: terms.title for rule, terms in STAGE.case(CASE).plans.items()}

    monkeypatch.setattr(told, "titles", titles)
    entries = [entry_view(one, trail.held[one.index]) for one in trail.entries if one.fields["case"] == CASE]
    return await told.RecordTeller(trail.reader, Names(directory), ZONE, language).case(entries)


def sentences(moments: Sequence[Sentences]) -> list[str]:
    return [sentence for one in moments for sentence in (one.words, *one.followed)]


@pytest.mark.parametrize("language", Language)
async def test_who_did_what_is_the_same_sentence_wherever_it_is_read(
    language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, order = STAGE.directory, erasure()
    trail = MadeTrail([*WORLD.facts, (order, order.time)])
    explorer = await in_explorer(trail, directory, language, monkeypatch)
    *record, erased = explorer
    text = "\n".join(sentences(record))
    for said in SAID[language]:
        assert said in text
    assert not RAW.search(text), RAW.search(text)
    assert "第四十七条" in erased.words

    desk = recent(STAGE.case(CASE), Words(language), ZONE, Names(directory)).moments
    whole = [(one.words, one.text, one.followed) for one in record]
    kept = [(one.words, one.text, one.followed) for one in desk]
    assert [one for one in whole if one in kept] == kept
    assert len(kept) >= 15

    with out.capture() as shown:
        show_story([one.model_dump(mode="json") for one in desk])
    command = shown.get()
    unsaid = [sentence for sentence in sentences(desk) if sentence not in " ".join(command.split())]
    assert not unsaid, unsaid

    evidence = await collect(trail.reader, CASE, origin="trail.example")
    story = timeline.timeline(evidence, Names(directory), ZONE)
    page = html.unescape(timeline.page(story, language, ZONE, Names(directory), "key").decode())
    lost = [sentence for sentence in sentences(record) if sentence not in page]
    assert not lost, lost
