"""`fenghuo trail files`: checks the files that are on record, each against its hash."""

import asyncio
from dataclasses import asdict
from typing import Any

from rich.markup import escape

from fenghuo.answers import AsJson, Exit, answer, fail, out
from fenghuo.file_check import FileDamage, FilesChecked, check_files
from fenghuo.speech import also, worded
from shared.message import N_

DAMAGED = {
    FileDamage.MISSING: N_("[red]✗[/] missing: %(name)s of case %(case)s, %(hash)s"),
    FileDamage.ALTERED: N_("[red]✗[/] altered: %(name)s of case %(case)s, %(hash)s"),
    FileDamage.ERASED_WITHOUT_ORDER: N_(
        "[red]✗[/] erased without an order on record: %(name)s of case %(case)s, %(hash)s"
    ),
}


def files(as_json: AsJson = False) -> None:
    """Read every file that a fact names and check it against the hash on record (with the audit's key for the
    broker). Ends with 1 where one is missing or altered, and names it.
    """
    from nats.errors import Error as NatsError

    from fenghuo.trail_check import CHECK_BROKER, as_audit

    async def work() -> FilesChecked:
        connection = await as_audit()
        try:
            return await check_files(lambda: connection)
        finally:
            await connection.close()

    try:
        checked = asyncio.run(work())
    except (NatsError, OSError) as error:
        fail(
            Exit.UNREACHABLE,
            worded("the broker does not answer (%(error)s)", error=also(str(error))),
            worded(CHECK_BROKER),
        )
    result = {
        "whole": checked.whole,
        "erased": [asdict(file) for file in checked.erased],
        "faults": [{"fault": fault.value, **asdict(file)} for fault, file in checked.faults],
    }
    answer(result, as_json=as_json, render=_show)
    if checked.faults:
        raise SystemExit(Exit.NO)


def _show(result: dict[str, Any]) -> None:
    for one in result["faults"]:
        words = DAMAGED[FileDamage(one["fault"])]
        out.print(
            worded(words, name=escape(one["name"]), case=one["case"], hash=one["sha256"]), highlight=False
        )
    for one in result["erased"]:
        words = N_("erased: %(name)s of case %(case)s, %(hash)s")
        out.print(
            worded(words, name=escape(one["name"]), case=one["case"], hash=one["sha256"]), highlight=False
        )
    if not result["faults"]:
        out.print(
            worded("[green]✓[/] %(count)s files on record are what their hashes say", count=result["whole"]),
            highlight=False,
        )
