"""A form of a kind of case nobody has thought of is YAML alone: it is validated, on the desk, in the message, on the
case's page, in the explorer, in the report over forms and in every file. Nothing of it is in Python.
"""

import base64
import io
import re
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import orjson

from fenghuo.gateway_lab import GatewayLab
from shared.vocabulary import Role
from tests.forms.given import FILE
from tests.lab import lab_in, until
from tests.notifier.conftest import start_notifier, webhook_key

TREES = """
  tree_damage:
    title: { zh: 树木倒伏, en: fallen trees }
    of: [{ kinds: [incident], topics: [trees] }]
    fields:
      road: { title: { zh: 道路, en: road }, type: text, personal: false, need: required, short: true }
      trees: { title: { zh: 株数, en: trees }, type: integer, measure: { zh: 株, en: trees }, least: 1, need: required, short: true }
      blocked: { title: { zh: 是否阻断, en: blocked }, type: yes_no, need: required, short: true }
      sorts:
        title: { zh: 树种, en: sorts }
        type: rows
        columns:
          sort: { title: { zh: 树种, en: sort }, type: text, personal: false, need: required }
          many: { title: { zh: 数量, en: many }, type: integer, least: 1, need: required }
"""


async def test_it_is_asked_for_on_the_desk_kept_typed_rung_and_shown(tmp_path: Path) -> None:
    async with lab_in(tmp_path) as lab, GatewayLab(webhook_key(lab)) as gateway:
        lab.forms = tmp_path / "forms.yaml"
        lab.forms.write_text(FILE.read_text(encoding="utf-8") + TREES, encoding="utf-8")
        await lab.start_service("escalator")
        await start_notifier(lab, gateway, FENGHUO_DIRECTORY=str(lab.directory))
        intake = await lab.start_service("intake", FENGHUO_DUTIES_WAIT="PT5S")
        audit = await lab.start_service("audit")
        headers = {"Origin": intake.url, "Accept-Language": "zh-CN"}
        async with httpx2.AsyncClient(base_url=intake.url, headers=headers, timeout=20) as desk:
            token = lab.token(Role.DUTY_OFFICER, person="wang_xin")
            await desk.post("/login", data={"token": token})
            local = (datetime.now(UTC) + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M")
            typed: dict[str, Any] = {
                "key": "k1",
                "kind": "incident",
                "category": "accident",
                "level": "II",
                "unit": "wangshan_info_centre",
                "area": "620622",
                "summary": "大风刮倒行道树",
                "occurred_at": local,
                "learned_at": local,
            }
            chosen = await desk.post("/report", data={**typed, "choose_form": "tree_damage"})
            assert chosen.status_code == 200, chosen.text
            assert "树木倒伏" in chosen.text
            assert 'value="大风刮倒行道树"' in chosen.text, "what was typed has come back"
            assert re.search(r'name="topic"[^>]*value="trees"', chosen.text)
            assert 'name="f.sorts.2.many"' in chosen.text
            more = await desk.post("/report", data={**typed, "form": "tree_damage", "more_rows": "sorts"})
            assert 'name="f.sorts.5.many"' in more.text
            filled = {
                **typed,
                "topic": "trees",
                "form": "tree_damage",
                "f.road": "解放路",
                "f.blocked": "yes",
            }
            filled |= {"f.sorts.0.sort": "杨树", "f.sorts.0.many": "3"}
            wrong = await desk.post("/report", data={**filled, "f.trees": "三棵"})
            assert wrong.status_code == 422
            assert "须为数字" in wrong.text
            assert 'value="三棵"' in wrong.text
            assert 'value="杨树"' in wrong.text
            stored = await desk.post("/report", data={**filled, "f.trees": "3"})
            assert stored.status_code == 201, stored.text
            found = re.search(r"/cases/([0-9A-Z]{26})", stored.text)
            assert found
            case = found[1]

            def rung() -> list[str]:
                messages = [one.data for one in gateway.gateway.messages if one.data.get("case") == case]
                return [one["text"] for one in messages if one["channel"] == "sms"]

            texts = await until(rung, what="somebody is rung")
            assert texts
            assert "大风刮倒行道树〔解放路、株数 3株、是否阻断 是〕" in texts[0]
            page = (await desk.get(f"/cases/{case}")).text
            assert "<h2>树木倒伏</h2>" in page
            assert "<dd>3株</dd>" in page
            assert "<td>杨树</td><td>3</td>" in page
            follow_up = await desk.post(
                f"/cases/{case}/acts/followed_up",
                data={"key": "k2", "choose_form": "tree_damage", "text": "又倒"},
            )
            assert follow_up.status_code == 200
            assert 'name="f.trees"' in follow_up.text
            act = {"key": "k2", "text": "又倒两棵", "form": "tree_damage", "f.trees": "5"}
            done = await desk.post(f"/cases/{case}/acts/followed_up", data=act)
            assert done.status_code == 303, done.text

            async def counted() -> bool:
                return "<dd>5株</dd>" in (await desk.get(f"/cases/{case}")).text

            assert await until(counted, what="the follow-up's figure on the page")
            assert "<dd>解放路</dd>" in (await desk.get(f"/cases/{case}")).text, "the rest is as it was"
        await in_the_trail(lab.bearer(Role.AUDITOR), audit.url, case)


async def in_the_trail(bearer: dict[str, str], url: str, case: str) -> None:
    """Read by the auditor: story, explorer, report, CSV and XLSX, search export, bundle."""
    async with httpx2.AsyncClient(base_url=url, headers=bearer, timeout=30) as trail:

        async def counted() -> dict[str, Any] | None:
            report = (await trail.get("/api/v1/reports/forms", params={"form": "tree_damage"})).json()
            return report if report.get("rows") and report["rows"][0]["blocks"] == 2 else None

        report = await until(counted, what="both blocks under a signed checkpoint")
        assert report
        (row,) = report["rows"]
        assert (row["values"]["trees"], row["values"]["road"]) == (5, "解放路")
        assert report["declared"]["title"]["zh"] == "树木倒伏"
        assert {totals["field"] for totals in report["totals"]} == {"case.area", "blocked", "sorts.sort"}
        story = (await trail.get(f"/api/v1/cases/{case}/story")).json()
        told = [line for moment in story["moments"] for line in moment["followed"]]
        assert "树木倒伏：道路 解放路、株数 3株、是否阻断 是、树种 1 行（杨树 3）" in told
        cookie = {
            "Cookie": f"fenghuo_token={bearer['Authorization'].removeprefix('Bearer ')}",
            "Accept-Language": "zh",
        }
        first = row["records"][0]
        record = (await trail.get(f"/records/{first}", headers=cookie)).text
        assert "<h2>树木倒伏</h2>" in record
        assert "<td>杨树</td><td>3</td>" in record
        assert "树木倒伏：道路 解放路" in (await trail.get(f"/cases/{case}", headers=cookie)).text
        page = (await trail.get("/reports/forms", params={"form": "tree_damage"}, headers=cookie)).text
        assert '<option value="tree_damage" selected>树木倒伏</option>' in page
        assert "株数（株）" in page
        assert "/api/v1/reports/forms?" in page
        assert "树木倒伏" in (await trail.get("/reports/forms", headers=cookie)).text
        file = await trail.get("/api/v1/reports/forms", params={"form": "tree_damage", "format": "csv"})
        assert "解放路,5,是" in file.content.decode("utf-8-sig")
        assert "forms-tree_damage.csv" in file.headers["content-disposition"]
        book = await trail.get("/api/v1/reports/forms", params={"form": "tree_damage", "format": "xlsx"})
        assert book.content[:2] == b"PK"
        found = await trail.get("/api/v1/trail/export", params={"case": case, "format": "csv"})
        assert "树木倒伏：道路 解放路" in found.content.decode("utf-8-sig")
        whole = await trail.get("/api/v1/trail/export", params={"case": case, "format": "jsonl"})
        lines = [orjson.loads(line) for line in whole.text.splitlines()]
        facts = [base64.b64decode(line["payload"]["raw"]).decode() for line in lines if line.get("payload")]
        assert sum('"tree_damage"' in fact for fact in facts) == 2
        bundle = zipfile.ZipFile(io.BytesIO((await trail.get(f"/api/v1/cases/{case}/bundle")).content))
        assert "树木倒伏：道路 解放路" in bundle.read("timeline.zh.html").decode()
        wrong = await trail.get("/api/v1/reports/forms", params={"form": "tree_damag"})
        assert wrong.status_code == 422
        assert wrong.json()["errors"][0]["field"] == "form"
        away = await trail.get("/api/v1/reports/forms", params={"form": "tree_damage", "area": "999999"})
        assert (away.status_code, away.json()["errors"][0]["field"]) == (422, "area")
