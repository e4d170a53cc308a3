"""The launcher: everything up, kept alive, ended without a trace, and going on where it was."""

import json
import socket
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import psutil

from fenghuo.parts import SERVICES
from services.escalator.policy.compress import compress
from shared.private_files import OTHERS
from shared.vocabulary import Role
from tests.attacks.test_the_files_of_the_installation_are_the_owners_alone import PUBLIC
from tests.lab import ROOT, until
from tests.operate.installation import Installation

TASK = ("report", "--kind", "task", "--unit", "gov_office", "--area", "620602", "--summary", "入冬检查")
REPORT = (
    "report",
    "--category",
    "accident",
    "--level",
    "II",
    "--unit",
    "heating_company",
    "--area",
    "620602",
    "--summary",
    "供热主管爆裂",
)


async def test_a_service_that_dies_is_started_again_and_the_launcher_says_so(running: Installation) -> None:
    ready = running.said("ready", part="notifier")
    assert ready
    psutil.Process(ready["pid"]).kill()

    alarm = await until(lambda: running.said("alarm", part="notifier"), what="the launcher notices")
    back = await until(lambda: running.said("again", part="notifier"), what="the notifier is back")

    assert alarm is not None
    assert "SIGKILL" in alarm["text"]
    assert back is not None
    assert back["pid"] != ready["pid"]


async def test_the_tokens_it_writes_let_each_role_in_and_nobody_else_read_them(running: Installation) -> None:
    tokens = running.folder / "tokens.json"

    assert stat.S_IMODE(tokens.stat().st_mode) == 0o600
    for role in (Role.REPORTER, Role.LEADER, Role.DUTY_OFFICER, Role.SUPERVISOR):
        assert "cases" in running.get("intake", "/api/v1/cases", role)


async def test_a_second_start_on_the_same_folder_is_refused(running: Installation) -> None:
    second = running.call("up")

    assert second.returncode == 1
    assert f"already runs on {running.folder}" in second.stderr.replace("\n", " ")
    assert "FENGHUO_DATA_DIR" in second.stderr


async def test_a_matter_is_opened_worked_on_and_looked_at_from_the_command_line(
    running: Installation, tmp_path: Path
) -> None:
    form = (
        *TASK,
        "--learned-at",
        "2026-11-23T08:00",
        "--task",
        "清点阀门@heating_company@P1D",
        "--key",
        "one",
    )
    opened = running.ask(*form)
    case = opened["case"]
    table = tmp_path / "more.csv"
    table.write_text("title,unit\n巡查管网,heating_company\n,heating_company\n")

    imported = running.call("import", str(table), "--tasks-of", case, "--json")
    assert imported.returncode == 1
    assert json.loads(imported.stdout)["rejected"] == [{"line": 3, "reason": "title: is missing: fill it in"}]
    assert running.ask(*form)["case"] == case, "the same key is the same report"

    assert (
        running.ask("act", case, "complete", "--task", "t1", "--text", "已清点", "--as", "reporter")[
            "outcome"
        ]
        == "applied"
    )
    assert running.ask("act", case, "verify", "--task", "t1")["outcome"] == "applied"
    assert running.call("act", case, "close", "--text", "了结").returncode == 1, "a task is open"
    assert [task["id"] for task in running.ask("tasks")["tasks"] if task["case"] == case] == ["t2"]
    shown = running.call("case", case).stdout
    assert "清点阀门" in shown
    assert "closed" in shown
    assert {one["roster"] for one in running.ask("roster")} >= {"two_offices", "tv_watch"}
    assert running.ask("suspicions") == []


async def test_the_doctor_finds_a_running_installation_well(running: Installation) -> None:
    found = {finding["what"]: finding["grade"] for finding in running.ask("doctor")["findings"]}

    assert {
        found[what]
        for what in (
            "broker",
            "streams",
            "storage",
            "secrets",
            "policy",
            "directory",
            "broker clock",
            *SERVICES,
        )
    } == {"well"}
    assert "power cut" not in found, "what it confirms is on the disk"


def test_a_port_in_use_is_named_before_anything_starts(installation: Installation) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", installation.ports["audit"]))
        other.listen()
        refused = installation.call("up")

    assert refused.returncode == 1
    assert f"{installation.ports['audit']} (audit)" in refused.stderr
    assert "FENGHUO_PORT_AUDIT" in refused.stderr.replace("\n", " ")
    assert not (installation.folder / "secrets").exists()


def test_it_refuses_to_keep_records_in_production(installation: Installation) -> None:
    refused = installation.call("up", FENGHUO_ENVIRONMENT="production")

    assert refused.returncode == 1
    assert "not for retained records" in refused.stderr.replace("\n", " ")


def test_the_doctor_says_what_is_not_there(installation: Installation) -> None:
    done = installation.call("doctor")

    assert done.returncode == 3
    assert "make up" in done.stdout


async def test_after_ctrl_c_no_process_is_left_and_the_next_start_goes_on_where_it_was(
    tmp_path: Path,
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(compress((ROOT / "config" / "policy.yaml").read_text(), 300))
    installation = Installation(tmp_path / "data", FENGHUO_POLICY=str(policy))
    installation.start()
    try:
        await until(installation.is_up, seconds=60)
        reported = installation.ask(*REPORT)
        owed = await until(lambda: reports_of(installation, reported["case"]), what="the duties are open")
        due = max(datetime.fromisoformat(duty["due_at"]) for duty in owed)
        children = installation.children()

        assert installation.interrupt() == 0
        assert len(children) >= len(SERVICES) + 3
        assert not [child for child in children if child.is_running()]

        await until(lambda: datetime.now(UTC) > due, what="the limit passes while nothing runs")
        installation.start()
        await until(installation.is_up, seconds=60)
        case = await until(
            lambda: lapsed(installation, reported["case"]), what="the clock that was armed before strikes"
        )
        assert case is not None
        assert case["report"]["summary"] == "供热主管爆裂"
    finally:
        installation.close()


def reports_of(installation: Installation, case: str) -> list[dict[str, Any]]:
    """The duties of the half-hour rule, once they are open."""
    try:
        found = installation.get("intake", f"/api/v1/cases/{case}", Role.DUTY_OFFICER)
    except httpx2.HTTPStatusError:
        return []  # not on the board yet
    return [duty for duty in found["duties"] if duty["rule"] == "first_report"]


def lapsed(installation: Installation, case: str) -> dict[str, Any] | None:
    owed = reports_of(installation, case)
    found = installation.get("intake", f"/api/v1/cases/{case}", Role.DUTY_OFFICER) if owed else None
    return found if all(duty.get("state") == "lapsed" for duty in owed) else None


async def test_every_file_of_the_installation_is_its_owners_alone(running: Installation) -> None:
    running.ask("report", *REPORT[1:], "--learned-at", "2026-11-23T08:00")
    found = {path.relative_to(running.folder): path.lstat().st_mode for path in running.folder.rglob("*")}
    assert {
        Path("running.json"),
        Path("tokens.json"),
        Path("secrets"),
        Path("logs/intake.log"),
        Path("nats/jetstream"),
    } <= set(found)
    assert {
        str(path): oct(mode)
        for path, mode in found.items()
        if mode & OTHERS and not str(path).startswith(PUBLIC)
    } == {}
