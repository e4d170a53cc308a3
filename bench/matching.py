"""What matching costs when everybody tells of the same: a hotline storm of 4,000 calls and 12 reports of units, 305 reports
beside as many witnesses, and each of them twice. In memory, the pure part (`services/escalator/cross_check/pairing.py`).
"""

import asyncio
import time
from datetime import timedelta
from random import Random

from services.escalator.cross_check.pairing import Pairing, ToldReport, best_of_each_witness
from services.escalator.deciding.matching import ComparedReport
from services.escalator.deciding.new_case import matter_of
from shared.ids import CaseId
from shared.vocabulary import ReportKind
from tests.escalator.builders import LEARNED, a_report, default_rules, example_directory

WORDS = ["望山", "化工厂", "爆炸", "起火", "浓烟", "受伤", "两人", "救援", "封路", "停产", "疏散", "居民"]
STORMS = ((4_000, 12), (8_000, 12), (305, 305), (610, 610))


def storm(witnesses: int, reports: int) -> tuple[int, float]:
    """The `matched` facts that are said, and the seconds it took; all are told within the window."""
    chance, pairing, directory, said = Random(1), Pairing(), example_directory(), 0
    settings = default_rules().policy.document.cross_check
    assert settings is not None
    kinds = [ReportKind.OPINION] * witnesses + [ReportKind.INCIDENT] * reports
    chance.shuffle(kinds)
    told: list[ToldReport] = []
    for number, kind in enumerate(kinds):
        at = LEARNED + timedelta(seconds=number)
        summary = "".join(chance.sample(WORDS, chance.randint(4, 8)))
        report = a_report(kind=kind, summary=summary, area="620622", occurred_at=at, learned_at=at)
        told.append(ToldReport(CaseId(f"{number}"), at, ComparedReport.of(matter_of(report, directory))))
    began = time.process_time()
    for each in told:
        pairing.remember(each, directory)
        found = pairing.compared(each, directory, settings)
        for pair in best_of_each_witness(pair for pair in found if pair is not None):
            pairing.said(pair)
            said += 1
    return said, time.process_time() - began


async def run() -> dict[str, str]:
    await asyncio.sleep(0)
    figures: dict[str, str] = {}
    for witnesses, reports in STORMS:
        said, seconds = storm(witnesses, reports)
        told = witnesses + reports
        figures[f"{witnesses} witnesses, {reports} reports"] = (
            f"{said} matched facts, {said / told:.2f} a telling; {seconds:.2f} s, {seconds / told * 1e6:.0f} µs a telling"
        )
    return figures
