"""How long a token that was taken back still opened one of the four services: from the broker's word that it
is on the list to the last request that was let in, asked without a pause. Goal: under a second.
"""

import tempfile
from functools import partial
from pathlib import Path
from statistics import median

from shared.revocation import TakenBackBy
from shared.tokens import Principal
from shared.vocabulary import Role
from tests.attacks.conftest import installation_in
from tests.attacks.everywhere import issued, seconds_until_refused, take_back

TOKENS = 50


async def run() -> dict[str, object]:
    lasted: list[float] = []
    with tempfile.TemporaryDirectory(prefix="fenghuo-bench-") as folder:
        async with installation_in(Path(folder)) as installation:
            for _ in range(TOKENS):
                token, claims = issued(installation, Principal(subject="auditor", role=Role.AUDITOR))
                deed = partial(take_back, installation, TakenBackBy.TOKEN, claims.id or "")
                lasted.append(await seconds_until_refused(installation, token, deed))
    return {
        "tokens": TOKENS,
        "median ms": round(median(lasted) * 1000, 1),
        "longest ms": round(max(lasted) * 1000, 1),
    }
