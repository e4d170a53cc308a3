"""The story: four emergencies, one leader who stays dark and is stood in for, one whose line is dead, one unit
that reports too late, one emergency that grows worse, one suspicion that is withdrawn.

Each scene does what people would do, and is over only when the trail shows what must have come of it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fenghuo.demo.hands import Hands
from fenghuo.demo.readback import OnRecord, Readback, StepFailed, failed_for, with_effect
from fenghuo.demo.stage import Stage
from shared.facts import EffectKind, LapseCause, Reason, Report, rfc3339
from shared.ids import CaseId, PersonId, SourceId
from shared.vocabulary import Role

OWED = ("party_main", "gov_main", "party_in_charge", "gov_in_charge", "emergency_office")
"""The posts config/policy.yaml owes every report to."""
ALERT = Path(__file__).parent / "alert.xml"
PHOTOGRAPH = Path(__file__).parent / "photograph.png"
ORDER = "两小时内恢复供热"
SOON = 15.0
"""Seconds within which the trail must show what needs no clock to strike."""


@dataclass(frozen=True)
class Timing:
    """The policy's spans on the compressed clock."""

    ratio: float
    limit: timedelta
    wait: timedelta


@dataclass(frozen=True)
class Story:
    stage: Stage
    hands: Hands
    trail: Readback
    timing: Timing
    clock: Callable[[], datetime]

    async def play(self) -> tuple[OnRecord, str]:
        """All scenes. Returns the record of the lapse of the unit that reported too late, and its case. Raises
        StepFailed.
        """
        await self.alert()
        flood, told_of_it, told_at = await self.told_of_twice()
        dark_case, started = await self.dark_leader()
        await self.dead_line()
        lapse, late_case = await self.late_unit()
        await self.it_grows(dark_case)
        await self.suspicion(flood, told_of_it, told_at)
        await self.limit_passes(dark_case, started)
        return lapse, late_case

    async def alert(self) -> None:
        self.stage.scene("1", "一条预警", "a weather alert arrives over NATS, as CAP XML")
        self.stage.say(f"inbox.cap.met-observatory ← {ALERT.name}", "›")
        await self.hands.publish_alert(SourceId("met-observatory"), ALERT.read_bytes(), "demo-alert")
        case = await self._case_of(
            lambda report: report.original is not None and report.original.format == "cap"
        )
        first, *others = self._owed()
        text = await self.hands.acknowledge_by_link(case, first)
        self.stage.say(f"on {self._name(first)}'s telephone: {text}", "☎")
        await self._acknowledge(case, others)
        await self._unit_is_on_it(case)
        await self._expect(
            "five duties discharged in time",
            case,
            with_effect(EffectKind.DISCHARGED, late_by_seconds=None),
            at_least=5,
        )

    async def told_of_twice(self) -> tuple[CaseId, CaseId, datetime]:
        """A unit reports in time; the media tell of the same in words that nothing can match."""
        self.stage.say("meanwhile a county reports, and a website tells of the same otherwise", "›")
        now, head = self.clock(), self.hands.holder("wangshan_emergency_head")
        summary = "北坡沟道漫水，十二户已转移 Gully over its banks, twelve households moved"
        flood = self._form("natural_disaster", "IV", "wangshan_emergency", "620622", summary, now)
        report, _ = await self.hands.report(flood, head, now)
        text = "已到现场 on the spot"
        await self.hands.act(report, "progress", head, Role.REPORTER, self.clock(), text=text)
        said = {
            "kind": "opinion",
            "topic": "web",
            "summary": "网传望山水库溃坝 A dam has burst, says a website",
        }
        hit = self._form("natural_disaster", None, "propaganda", "620622", "", now) | said
        told_of_it, _ = await self.hands.report(hit, self.hands.holder("propaganda_head"), now)
        await self._acknowledge(report, [self.hands.holder("emergency_office")])
        told = ("gov_main", "gov_in_charge", "emergency_office")
        await self._acknowledge(told_of_it, [self.hands.holder(post) for post in told])
        return report, told_of_it, now

    async def suspicion(self, report: CaseId, told_of_it: CaseId, told_at: datetime) -> None:
        """The unit hears at once what is said of it, answers by the link, and nothing is left against it."""
        self.stage.scene("6", "疑似漏报，查明撤销", "a unit is suspected, and had reported in time")
        head, office = self.hands.holder("wangshan_emergency_head"), self.hands.holder("emergency_office")
        left = (told_at + self.timing.limit - self.clock()).total_seconds()
        raised = with_effect(EffectKind.SUSPECTED, why=Reason.NO_UNIT_HAS_REPORTED)
        await self._expect("an omission is suspected", told_of_it, raised, seconds=max(left, 0) + SOON)
        told = await self.hands.message(told_of_it, head, "列为疑似漏报")
        self.stage.say(f"on {self._name(head)}'s telephone: {told['text']}", "☎")
        await self.hands.state_by_link(told, "我局已报：北坡沟道漫水，系同一险情 We have reported it")
        same = {"into": report, "text": "系同一险情 it is the same"}
        await self.hands.act(told_of_it, "merge", office, Role.DUTY_OFFICER, self.clock(), **same)
        withdrawn = with_effect(EffectKind.SUSPECTED, why=Reason.SUSPICION_WITHDRAWN)
        await self._expect("its report in time is found: withdrawn, and told", told_of_it, withdrawn)
        cleared = await self.hands.message(told_of_it, head, "疑似漏报撤销", has_link=False)
        self.stage.say(f"on {self._name(head)}'s telephone: {cleared['text']}", "☎")

    async def dark_leader(self) -> tuple[CaseId, datetime]:
        self.stage.scene("2", "一位领导未应答", "a unit reports; one leader does not answer")
        now = self.clock()
        form = self._form(
            "accident",
            "II",
            "heating_company",
            "620602",
            "烽山区供热主管爆裂，三个小区停暖 Heating main burst, three blocks cold",
            now,
        )
        case, answer = await self.hands.report(form, self.hands.holder("heating_head"), now)
        self.stage.say(
            f"POST /api/v1/reports → 201, {len(answer['duties'])} duties, receipt {answer['receipt'][:24]}…",
            "›",
        )
        dark = self.hands.holder("gov_in_charge")
        first, *others = [person for person in self._owed() if person != dark]
        await self.hands.acknowledge_by_link(case, first)
        await self._acknowledge(case, others)
        await self._unit_is_on_it(case)
        await self._expect("four duties discharged", case, with_effect(EffectKind.DISCHARGED), at_least=4)
        stands_in = self.hands.holder("secretary_general")
        await self._chain_taken(case, dark, stands_in, EffectKind.DARK)
        settled = with_effect(EffectKind.DISCHARGED, person=dark, stood_in=stands_in)
        await self._expect("the report is settled by who stood in", case, settled)
        return case, now

    async def _chain_taken(self, case: CaseId, dark: PersonId, stands_in: PersonId, kind: EffectKind) -> None:
        """The secretary-general is lit for the one who is dark or could not be called, and answers by the
        link.
        """
        name, other = self._name(dark), self._name(stands_in)
        within = self.timing.wait.total_seconds() + SOON
        await self._expect(f"{name} is {kind}", case, with_effect(kind, person=dark), seconds=within)
        await self._expect(
            f"{other} is lit in their place", case, with_effect(EffectKind.LIT, person=stands_in)
        )
        await self.hands.acknowledge_by_link(case, stands_in)
        await self._expect(f"{other} has taken it", case, with_effect(EffectKind.TAKEN, person=stands_in))

    async def dead_line(self) -> None:
        self.stage.scene("3", "一条线路中断", "a county's CloudEvent over NATS; one leader's line is dead")
        dark = self.hands.holder("party_in_charge")
        await self.hands.cut_line(dark)
        self.stage.say(f"the gateway refuses every call to {self._name(dark)}: the chain must not wait", "›")
        now = self.clock()
        summary = "望山县山体滑坡，省道中断 Landslide in Wangshan, provincial road cut"
        form = self._form("natural_disaster", "II", "wangshan_info_centre", "620622", summary, now)
        await self.hands.publish_event(SourceId("wangshan-info"), f"landslide-{now:%H%M%S}", form, now)
        case = await self._case_of(lambda report: report.summary == summary)
        await self._acknowledge(case, [person for person in self._owed() if person != dark])
        await self._unit_is_on_it(case)
        stands_in = self.hands.holder("secretary_general")
        await self._chain_taken(case, dark, stands_in, EffectKind.UNREACHED)
        failed = await self._expect("two failed deliveries", case, failed_for(dark), at_least=2)
        moved = await self._expect(
            "the chain moved on at once", case, with_effect(EffectKind.UNREACHED, person=dark)
        )
        self._must_be_quick(failed[-1], moved[0])
        await self.hands.mend_line(dark)
        officer = self.hands.holder("two_offices_duty")
        await self.hands.log_call(
            case, dark, officer, "在家中座机上接通 reached on the telephone at home", self.clock()
        )
        await self._expect(
            "one duty discharged by a logged call", case, with_effect(EffectKind.DISCHARGED, person=dark)
        )

    def _must_be_quick(self, failed: OnRecord, moved: OnRecord) -> None:
        waited = (moved.fact.time - failed.fact.time).total_seconds()
        if waited > self.timing.wait.total_seconds() / 2:
            raise StepFailed(
                "the chain to move on at once after the failed delivery", f"it moved {waited:.1f} s later"
            )

    async def late_unit(self) -> tuple[OnRecord, CaseId]:
        minutes = 40
        self.stage.scene("4", "一份迟报", f"a unit reports {minutes} minutes after it learned")
        now = self.clock()
        learned = now - timedelta(minutes=minutes) / self.timing.ratio
        form = self._form(
            "accident",
            "II",
            "water_bureau",
            "620621",
            "沙泉县水厂泄漏 Leak at the Shaquan waterworks",
            learned,
        )
        self.stage.say(f"{(now - learned).total_seconds():g} s ago stands for {minutes} minutes ago", "›")
        case, _ = await self.hands.report(form, self.hands.holder("water_head"), now)
        await self._acknowledge(case, self._owed())
        await self._unit_is_on_it(case)
        lapses = await self._expect(
            "five lapses, reported late",
            case,
            with_effect(EffectKind.LAPSED, cause=LapseCause.REPORTED_LATE, unit="water_bureau"),
            at_least=5,
        )
        await self._expect("five duties answered, late", case, with_effect(EffectKind.DISCHARGED), at_least=5)
        return lapses[0], case

    async def it_grows(self, case: CaseId) -> None:
        """Everybody who was told hears what is new; an order says what is ordered, and is accepted by its link."""
        self.stage.scene("5", "事态升级", "it grows worse: a photograph, level I, an order")
        now, head = self.clock(), self.hands.holder("heating_head")
        photograph = await self.hands.upload("现场.png", PHOTOGRAPH.read_bytes(), head, now)
        text = "九个小区停暖，两名抢修工人受伤 Nine blocks cold, two repairmen hurt"
        more = {"text": text, "injuries": 2, "files": [photograph]}
        await self.hands.act(case, "follow-up", head, Role.REPORTER, now, **more)
        officer = self.hands.holder("emergency_office")
        await self.hands.act(
            case, "regrade", officer, Role.DUTY_OFFICER, self.clock(), level="I", text="核定 confirmed"
        )
        first = self._owed()[0]
        told = await self.hands.message(case, first, "特别重大")
        self.stage.say(f"on {self._name(first)}'s telephone: {told['text']}", "☎")
        await self._expect("who was told hears of level I", case, with_effect(EffectKind.TOLD, person=None))
        order = {"title": ORDER, "units": ["heating_company"], "within": "PT2H"}
        await self.hands.act(case, "assign", officer, Role.DUTY_OFFICER, self.clock(), tasks=[order])
        ordered = await self.hands.message(case, head, ORDER)
        self.stage.say(f"on {self._name(head)}'s telephone: {ordered['text']}", "☎")
        await self.hands.accept_by_link(ordered, "t1")
        await self._expect("the order is accepted, by its link", case, with_effect(EffectKind.TASK))

    async def limit_passes(self, case: CaseId, started: datetime) -> None:
        self.stage.scene(
            "7", "时限已过", "the limit passes of the leader who stayed dark, and accuses nobody"
        )
        dark = self.hands.holder("gov_in_charge")
        left = (started + self.timing.limit - self.clock()).total_seconds()
        if left > 0:
            self.stage.say(f"{left:.0f} s are left; nobody polls, the broker's clock will strike", "›")
            await asyncio.sleep(left)
        lapsed = with_effect(EffectKind.LAPSED, person=dark)

        def nothing_lapsed(records: list[OnRecord]) -> list[OnRecord]:
            return [] if lapsed(records) else records[-1:]

        await self._expect("no lapse: the unit had reported, and somebody answered", case, nothing_lapsed)

    async def _unit_is_on_it(self, case: CaseId) -> None:
        """Whoever the policy asks for the unit's own acknowledgement says that work has begun."""

        def asked_of_bearers(records: list[OnRecord]) -> list[OnRecord]:
            return [record for record in records if _bearer_of(record)]

        [record, *_] = await self.trail.expect(
            "the unit is asked to acknowledge", case, asked_of_bearers, seconds=SOON
        )
        person = _bearer_of(record)
        assert person is not None
        text = "已接令，力量已到现场 We have it; people are on the spot"
        await self.hands.act(case, "progress", person, Role.REPORTER, self.clock(), text=text)

    async def _acknowledge(self, case: CaseId, people: list[PersonId]) -> None:
        async with asyncio.TaskGroup() as group:
            for person in people:
                group.create_task(self.hands.acknowledge(case, person, self.clock()))

    async def _case_of(self, is_it: Callable[[Report], bool]) -> CaseId:
        """The case of a report handed in over NATS, which gives no answer."""
        try:
            async with asyncio.timeout(SOON):
                while True:
                    for case, report in self.stage.reports.items():
                        if is_it(report):
                            return case
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise StepFailed(
                "the message to become a report", f"{len(self.stage.reports)} reports, none of them it"
            ) from None

    async def _expect(
        self,
        what: str,
        case: CaseId,
        select: Callable[[list[OnRecord]], list[OnRecord]],
        *,
        seconds: float = SOON,
        at_least: int = 1,
    ) -> list[OnRecord]:
        proof = await self.trail.expect(what, case, select, seconds=seconds, at_least=at_least)
        await self.stage.settle()
        records = ", ".join(
            str(record.index) for record in {record.index: record for record in proof}.values()
        )
        self.stage.say(f"{what}: in the trail, record{'s' if ',' in records else ''} {records}", "✓")
        return proof

    def _form(
        self, category: str, level: str | None, unit: str, area: str, summary: str, learned: datetime
    ) -> dict[str, Any]:
        at = rfc3339(learned)
        return {
            "category": category,
            "level": level,
            "unit": unit,
            "area": area,
            "summary": summary,
            "occurred_at": at,
            "learned_at": at,
        }

    def _owed(self) -> list[PersonId]:
        return [self.hands.holder(post) for post in OWED]

    def _name(self, person: PersonId) -> str:
        return self.stage.teller.person(person)


def _bearer_of(record: OnRecord) -> PersonId | None:
    """Who must acknowledge for the unit, where this decision has laid that on somebody."""
    opened = (effect for effect in record.effects if effect.kind is EffectKind.OPENED)
    return next((effect.person for effect in opened if effect.duty_rule == "acknowledge"), None)
