"""A label of the metrics names the kind of a subject, so that the series stay few."""

import pytest

from shared.broker.telemetry import kind_of_subject


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("fact.7.reported", "fact.*.reported"),
        ("inbox.cap.city", "inbox.cap.*"),
        ("report.submit.city", "report.submit.*"),
    ],
)
def test_neither_lane_nor_source_makes_a_series_of_its_own(subject: str, kind: str) -> None:
    assert kind_of_subject(subject) == kind
