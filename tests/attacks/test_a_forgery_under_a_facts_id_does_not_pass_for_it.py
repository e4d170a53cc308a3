"""With the audit's key a message is stored under the id that somebody's act will have, so that the broker
drops the act as a repeat.
"""

from services.intake.recording.record import id_of
from shared.subjects import fact_subject
from shared.vocabulary import Kind, Role
from tests.attacks.conftest import Installation
from tests.attacks.forging import a_case, headers_of, let_in

UNIT, KEY = "shaquan_emergency", "known-to-the-attacker"


async def test_who_acted_is_told_that_it_is_not_stored_instead_of_that_it_is(
    installation: Installation,
) -> None:
    case = await a_case(installation)
    fact_id = id_of("act", f"test-{Role.REPORTER}", case, Kind.PROGRESSED, KEY)
    async with installation.lab.connection("audit") as audit:
        await let_in(audit, fact_subject(case, Kind.READ), b"{}", headers_of(fact_id))
    headers = installation.lab.bearer(Role.REPORTER, unit=UNIT)
    told = await installation.http.post(
        f"/api/v1/cases/{case}/progress",
        json={"text": "现场已控制"},
        headers=headers | {"Idempotency-Key": KEY},
    )
    assert (told.status_code, "TakenIdError" in told.text) == (503, True), told.text
    other = await installation.http.post(
        f"/api/v1/cases/{case}/progress",
        json={"text": "现场已控制"},
        headers=headers | {"Idempotency-Key": f"{KEY}-no-more"},
    )
    assert other.status_code in (200, 201, 202), other.text
