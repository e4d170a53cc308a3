"""A year of a city's matters as facts for a trail, made up: what is reported, decided, delivered, answered,
lapsed and settled.

Invariant: the same seed tells the same year. Pure, and fast on purpose: the forms are those of
`shared.facts`, written as plain JSON.
"""

import heapq
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from services.audit.records.record import BrokerMessage
from shared.directory import Directory
from shared.facts import rfc3339
from shared.facts.authors import AUTHORS, SOURCES, Author
from shared.facts.envelope import SCHEMA_ROOT, TYPE_PREFIX
from shared.ids import case_id_at
from shared.subjects import fact_subject
from shared.vocabulary import Kind

BEGIN = datetime(2025, 11, 24, tzinfo=UTC)
SPAN = timedelta(days=365)
PER_CASE = 12
"""Facts of a case, about."""
RARE = "曜变天目茶盏"
"""Words that stand in five reports of a year, however many there are."""
_RARE_COUNT = 5
_WHERE = "北门 南关 东岭 西沙 化工园区 粮库 老城区 火车站 三号桥 沙泉路 望烽大道 水库 矿区 集贸市场 中学 供热站 变电所 河堤 村道 隧道"
_WHAT = "起火 泄漏 塌方 停电 停水 停暖 拥堵 食物中毒 爆燃 积水 车祸 聚集 断裂 污染 走失 塌陷 故障 漏气"
_MORE = "已疏散群众 正在核实 无人员伤亡 伤员已送医 现场已封控 救援力量已到 原因待查 请求支援 道路中断 影响居民用气"
_ENGLISH = "fire leak collapse outage traffic crowd poisoning flooding report pipeline tanker boiler bridge valve school hospital"
_POSTS = ("party_main", "gov_main", "party_in_charge", "gov_in_charge", "emergency_office")
_DUTIES = (*(f"report-{post}" for post in _POSTS), "written", "acknowledge", "follow_up")
_CHANNELS = ("voice", "sms", "chat", "email")

_PLACES, _EVENTS, _STATES, _WORDS = _WHERE.split(), _WHAT.split(), _MORE.split(), _ENGLISH.split()

Json = dict[str, Any]
Step = tuple[datetime, int, str, str, Json]
"""(broker time, tie, case, kind, data)."""


class Year:
    def __init__(self, directory: Directory, facts: int, seed: int) -> None:
        self._random = random.Random(seed)
        self._facts = facts
        self._units = [unit.id for unit in directory.units]
        self._areas = [area.code for area in directory.areas]
        self._people = [person.id for person in directory.people] + [
            f"person_{number:03d}" for number in range(400)
        ]
        self._cases = max(1, facts // PER_CASE + 1)
        self._rare = {(number * 2 + 1) * self._cases // (2 * _RARE_COUNT) for number in range(_RARE_COUNT)}
        self._tie = iter(range(10**12))

    def messages(self) -> Iterator[BrokerMessage]:
        """In the order of the broker, sequences from 1."""
        ahead: list[Step] = []
        sequence = 0
        for number in range(self._cases):
            begins = BEGIN + SPAN * number / self._cases
            while ahead and ahead[0][0] < begins and sequence < self._facts:
                sequence += 1
                yield self._message(sequence, heapq.heappop(ahead))
            for step in self._case(number, begins):
                heapq.heappush(ahead, step)
        while ahead and sequence < self._facts:
            sequence += 1
            yield self._message(sequence, heapq.heappop(ahead))

    def _message(self, sequence: int, step: Step) -> BrokerMessage:
        at, _, case, kind, data = step
        name = f"{case}:{sequence}"
        envelope = {
            "specversion": "1.0",
            "id": name,
            "source": SOURCES[Author.INTAKE if kind == "reported" else AUTHORS[Kind(kind)][-1]][0],
            "type": f"{TYPE_PREFIX}{kind}.v1",
            "subject": case,
            "time": rfc3339(at - timedelta(milliseconds=40)),
            "datacontenttype": "application/json",
            "dataschema": f"{SCHEMA_ROOT}{kind}.v1.json",
            "data": data,
        }
        return BrokerMessage(sequence, fact_subject(case, kind), name, at, orjson.dumps(envelope))

    def _words(self) -> str:
        pick = self._random.choice
        text = f"{pick(_PLACES)}{pick(_EVENTS)}，{pick(_STATES)}"
        return (
            text
            if self._random.random() < 0.8
            else f"{text} {pick(_WORDS)} {pick(_WORDS)} no. {self._random.randrange(1000)}"
        )

    def _case(self, number: int, begins: datetime) -> list[Step]:
        pick, chance = self._random.choice, self._random.random
        case = str(case_id_at(begins))
        people = self._random.sample(self._people, 6)
        unit, stamp = pick(self._units), rfc3339(begins)
        report = {
            "kind": "incident" if chance() < 0.7 else pick(("dispute", "petition", "hazard")),
            "category": pick(("natural_disaster", "accident", "public_health", "public_security")),
            "level": pick(("I", "II", "III", "III", "IV", "IV", "IV", "IV")),
            "unit": unit,
            "area": pick(self._areas),
            "occurred_at": stamp,
            "learned_at": stamp,
            "summary": self._words() + (RARE if number in self._rare else ""),
            "received_at": stamp,
            "reported_by": people[0],
        }
        lapses = chance() < 0.06
        steps: list[tuple[float, str, Json]] = [
            (0, "reported", report),
            (1, "decided", self._decision("opened", "reported", people[1:], stamp, notices=True)),
            (6, "delivered", self._deliveries(people[1:3])),
            (9, "failed" if chance() < 0.1 else "delivered", self._deliveries(people[3:4])),
            (self._random.uniform(60, 900), "acknowledged", _answer(people[1])),
            (
                self._random.uniform(900, 960),
                "decided",
                self._decision("discharged", "acknowledged", people[1:2], stamp),
            ),
            (1_800, "due", {"at": stamp, "lapses": []}),
            (1_801, "decided", self._decision("lapsed" if lapses else "reminded", "due", people[2:3], stamp)),
            (
                self._random.uniform(3_000, 9_000),
                "followed_up",
                {"text": self._words(), "by": _by(people[0], unit)},
            ),
            (
                self._random.uniform(9_000, 30_000),
                "progressed",
                {"text": self._words(), "by": _by(people[4], unit)},
            ),
            (
                self._random.uniform(30_000, 80_000),
                "resolved",
                {"text": self._words(), "by": _by(people[4], unit)},
            ),
            (self._random.uniform(80_000, 90_000), "closed", {"by": _by(people[5], unit)}),
        ]
        return [
            (
                begins + timedelta(seconds=after, microseconds=self._random.randrange(999)),
                next(self._tie),
                case,
                kind,
                data,
            )
            for after, kind, data in steps
        ]

    def _decision(
        self, effect: str, on: str, people: list[str], stamp: str, *, notices: bool = False
    ) -> Json:
        data: Json = {
            "about": {"id": "x", "kind": on, "sequence": 1, "time": stamp},
            "policy": "config/policy.yaml sha256:0",
            "effects": [
                {
                    "kind": effect,
                    "why": "limit_passed" if effect == "lapsed" else "rule",
                    "duty": self._random.choice(_DUTIES),
                    "person": one,
                    "due_at": stamp,
                    "rule": {"path": "levels.II.report", "line": 12},
                }
                for one in people
            ],
        }
        if notices:
            data["notices"] = [
                {"person": one, "purpose": "report", "channels": ["voice", "sms"]} for one in people
            ]
        return data

    def _deliveries(self, people: list[str]) -> Json:
        return {
            "deliveries": [
                {
                    "person": one,
                    "channel": self._random.choice(_CHANNELS),
                    "address": "+86 000 0000",
                    "attempts": 1,
                }
                for one in people
            ]
        }


def _by(person: str, unit: str) -> Json:
    return {"principal": person, "role": "duty_officer", "unit": unit}


def _answer(person: str) -> Json:
    return {"person": person, "via": "link", "by": {"principal": person, "role": "leader"}}
