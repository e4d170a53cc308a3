"""Standing cases: what is watched without anybody reporting it has a case of its own, whose id anyone can
work out.
"""

from datetime import UTC, datetime

from shared.ids import CaseId, case_id_for

SINCE_EVER = datetime(2000, 1, 1, tzinfo=UTC)


def standing_case(watch: str, subject: str) -> CaseId:
    """The one case that watches `subject` (a roster, a source, a duty rule, a unit) as `watch`
    (shared.facts.Established).
    """
    return case_id_for(f"standing:{watch}:{subject}", SINCE_EVER)


DIRECTORY_CASE = standing_case("directory", "directory")
"""Hears of every change of the directory that touches somebody, so that whoever is touched is told."""
