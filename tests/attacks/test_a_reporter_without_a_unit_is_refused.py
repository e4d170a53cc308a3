"""A token of the role reporter that names neither a person nor a unit could report for any unit, and see
every case.
"""

from datetime import UTC, datetime, timedelta

from shared import tokens
from shared.secrets import SecretFile, signing_key
from shared.tokens import Principal
from shared.vocabulary import Role
from tests.attacks.conftest import Installation
from tests.attacks.everywhere import answers


async def test_a_reporter_who_speaks_for_no_unit_is_refused_everywhere(installation: Installation) -> None:
    key = signing_key(installation.lab.secrets, SecretFile.TOKEN_SIGNING)
    token = tokens.issue(
        key, Principal(subject="anybody", role=Role.REPORTER), now=datetime.now(UTC), lasts=timedelta(hours=1)
    )
    assert set((await answers(installation, token)).values()) == {401}

    now = datetime.now(UTC).isoformat()
    form = {
        "category": "accident",
        "unit": "water_bureau",
        "area": "620600",
        "occurred_at": now,
        "learned_at": now,
        "summary": "隐患",
    }
    answer = await installation.http.post(
        "/api/v1/reports", json=form, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 401
    assert "speaks for a unit" in answer.json()["detail"]


async def test_a_desk_that_several_share_reports_for_its_unit(installation: Installation) -> None:
    assert await installation.report("water_bureau")
