"""The content of a file is erased on a legal basis: page, explorer, bundle and checks say so, and its hash stays."""

import io
import sys
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from nats.js.errors import APIError

from fenghuo.file_check import FileDamage, check_files
from services.audit.evidence.bundle import verify
from shared.case import CaseFile
from shared.directory import load_directory
from shared.files.store import FileStore
from shared.files.subjects import file_entry, file_pieces
from shared.ids import CaseId
from shared.secrets import REDACTOR, SecretFile, nkey_file
from shared.streams import FILES_STREAM, UPLOADS_STREAM
from shared.vocabulary import Kind, Role
from tests.audit.reading import verdict_of
from tests.intake.builders import case, post_case
from tests.intake.pictures import png
from tests.lab import Lab, Running, lab_in, until

BASIS = "PIPL Art. 47"
Json = dict[str, Any]


class House:
    def __init__(self, lab: Lab, intake: Running, audit: Running) -> None:
        self.lab, self.intake, self.audit = lab, intake, audit

    def ask(self, service: Running, method: str, path: str, role: Role, **options: Any) -> httpx2.Response:
        headers = self.lab.bearer(role)
        return httpx2.request(method, f"{service.url}{path}", headers=headers, timeout=20, **options)

    def redact(self, **body: Any) -> httpx2.Response:
        return self.ask(
            self.audit, "POST", "/api/v1/trail/redactions", Role.REDACTOR, json={"legal_basis": BASIS, **body}
        )

    async def reported(self, *contents: bytes) -> tuple[CaseId, list[Json]]:
        """A case whose report names these, under a checkpoint and on the desk."""
        refs = [self.upload(content).json() for content in contents]
        now = datetime.now(UTC).isoformat()
        unit = load_directory(self.lab.directory).units[0].id
        form: Json = {"category": "accident", "unit": unit, "area": "620621", "summary": "粮库粉尘爆燃"}
        form |= {"occurred_at": now, "learned_at": now, "files": refs}
        answer = self.ask(self.intake, "POST", "/api/v1/reports", Role.REPORTER, json=form)
        assert answer.status_code == 201, answer.text
        one, at = CaseId(answer.json()["case"]), datetime.now(UTC)
        files = tuple(CaseFile(sequence=1, kind=Kind.REPORTED, at=at, by="x", **ref) for ref in refs)
        await post_case(self.lab, case(one, sequence=0, files=files))
        await until(lambda: self.record(one), what="the report under a checkpoint")
        return one, refs

    def upload(self, content: bytes) -> httpx2.Response:
        return self.ask(self.intake, "POST", "/api/v1/files?name=现场.png", Role.REPORTER, content=content)

    def record(self, one: CaseId) -> int | None:
        answer = self.ask(self.audit, "GET", f"/api/v1/trail/entries?case={one}&kind=reported", Role.AUDITOR)
        entries: list[Json] = answer.json()["entries"] if answer.status_code == 200 else []
        return entries[0]["index"] if entries else None

    def file(self, one: CaseId, ref: Json) -> httpx2.Response:
        return self.ask(self.intake, "GET", f"/api/v1/cases/{one}/files/{ref['sha256']}", Role.AUDITOR)

    def page(self, service: Running, path: str) -> str:
        cookies = {"Cookie": f"fenghuo_token={self.lab.token(Role.AUDITOR)}", "Accept-Language": "en"}
        answer = httpx2.get(f"{service.url}{path}", headers=cookies, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.text

    def verdict(self, one: CaseId) -> verify.Verdict:
        bundle = self.ask(self.audit, "GET", f"/api/v1/cases/{one}/evidence", Role.AUDITOR)
        assert bundle.status_code == 200, bundle.text
        self.names = zipfile.ZipFile(io.BytesIO(bundle.content)).namelist()
        self.timeline = zipfile.ZipFile(io.BytesIO(bundle.content)).read("timeline.en.html").decode()
        key = (self.lab.secrets / SecretFile.TRAIL_VERIFY).read_text()
        return verify.check(io.BytesIO(bundle.content), key, [])

    async def left_of(self, ref: Json) -> int:
        """Messages with pieces of the content."""
        async with self.lab.connection("admin") as admin:
            js = admin.jetstream()
            left = 0
            for stream, bucket in ((FILES_STREAM, "FILES"), (UPLOADS_STREAM, "UPLOADS")):
                pieces = file_pieces(f"{ref['sha256']}.*", bucket)
                left += sum(
                    ((await js.stream_info(stream, subjects_filter=pieces)).state.subjects or {}).values()
                )
            return left


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with lab_in(tmp_path_factory.mktemp("file_erasure")) as lab:
        audit = await lab.start_service(
            "audit",
            FENGHUO_TRAIL_PACE="PT0.05S",
            FENGHUO_REDACTOR_URL=lab.mongo_url,
            FENGHUO_REDACTOR_CREDENTIALS=str(lab.secrets / nkey_file(REDACTOR)),
        )
        yield House(lab, await lab.start_service("intake", FENGHUO_DUTIES_WAIT="PT0.1S"), audit)


async def test_an_erased_content_is_gone_and_everybody_is_told_when_and_on_which_basis(house: House) -> None:
    one, (face, other) = await house.reported(png(size=71) * 900, png(size=72))
    assert house.file(one, face).content == png(size=71) * 900
    record = house.record(one)
    opened = house.page(house.audit, f"/records/{record}")
    assert f"/records/{record}/files/{face['sha256']}" in opened
    given = house.ask(house.audit, "GET", f"/records/{record}/files/{face['sha256']}", Role.AUDITOR)
    assert given.content == png(size=71) * 900
    stranger = house.ask(house.audit, "GET", f"/records/{record}/files/{face['sha256']}", Role.REPORTER)
    assert stranger.status_code in (401, 403), "rights as for the record"
    missing = house.ask(house.audit, "GET", f"/records/{record}/files/{'0' * 64}", Role.AUDITOR)
    assert missing.status_code == 404

    answer = house.redact(entries=[record], files=[face["sha256"]])
    assert (answer.status_code, answer.json()["carried_out"]) == (200, True), answer.text
    assert answer.json()["erased"] == [{"index": record, "fields": [], "files": [face["sha256"]]}]
    assert await house.left_of(face) == 0

    gone = house.file(one, face)
    assert (gone.status_code, gone.json()["title"]) == (410, "Erased")
    assert f"on {datetime.now(UTC).astimezone().year}-" in gone.json()["detail"]
    assert f"on the basis of {BASIS}" in gone.json()["detail"]
    assert house.file(one, other).status_code == 200, "the other file is untouched"
    for service, path in ((house.intake, f"/cases/{one}"), (house.audit, f"/records/{record}")):
        shown = house.page(service, path)
        assert f"on the basis of {BASIS}" in shown
        assert f"files/{face['sha256']}" not in shown, "no link to what is not there"
        assert face["sha256"] in shown, "the hash stays"
        assert f"files/{other['sha256']}" in shown

    words = " ".join(en for en, _ in house.verdict(one).notes)
    assert "names was erased: ordered at" in words
    assert f"on the basis of {BASIS}" in words
    assert face["sha256"] in words
    assert f"on the basis of {BASIS}" in house.timeline
    assert [name for name in house.names if name.startswith("files/")] == [f"files/{other['sha256']}.png"]
    assert (await verdict_of(house.lab)).faults == []
    again = house.redact(entries=[record], files=[face["sha256"]])
    assert (again.status_code, again.json()["title"]) == (409, "Nothing to erase")
    brought = house.upload(png(size=71) * 900)
    assert (brought.status_code, "erased on a legal basis" in brought.text) == (409, True)


async def test_a_content_of_two_cases_goes_for_both_and_never_under_the_hold_of_one(house: House) -> None:
    first, (ref,) = await house.reported(png(size=73))
    second, _ = await house.reported(png(size=73))
    held = house.ask(
        house.audit, "POST", "/api/v1/trail/holds", Role.DISCIPLINE, json={"case": second, "why": "inquiry 7"}
    )
    refused = house.redact(case=first, files=[ref["sha256"]])
    assert (refused.status_code, "inquiry 7" in refused.json()["detail"]) == (409, True), refused.text
    assert house.file(first, ref).status_code == 200

    hold = held.json()["hold"]
    house.ask(
        house.audit, "POST", f"/api/v1/trail/holds/{hold}/release", Role.DISCIPLINE, json={"why": "closed"}
    )
    done = house.redact(case=first, files=[ref["sha256"]])
    assert done.status_code == 200, done.text
    assert {entry["index"] for entry in done.json()["erased"]} == {house.record(first), house.record(second)}
    assert await house.left_of(ref) == 0
    for one in (first, second):
        assert house.file(one, ref).status_code == 410
        assert "names was erased: ordered at" in " ".join(en for en, _ in house.verdict(one).notes)


async def test_what_no_order_names_is_not_called_erased(house: House) -> None:
    """Whoever has the redactor's key for the broker, and no order, is found out."""
    one, (ref,) = await house.reported(png(size=74))
    unnamed = house.redact(case=one, files=["0" * 64])
    assert (unnamed.status_code, unnamed.json()["errors"][0]["field"]) == (422, "files")
    async with house.lab.connection(REDACTOR) as redactor, house.lab.connection("audit") as audit:
        before = await check_files(lambda: audit)
        assert before.faults == []
        assert len(before.erased) == 2
        entry = await FileStore(lambda: redactor).entry(ref["sha256"])
        assert entry
        forged = b'{"name":"%s","nuid":"x","size":1,"chunks":1,"deleted":true}' % ref["sha256"].encode()
        await redactor.jetstream().publish(file_entry(ref["sha256"]), forged, stream=FILES_STREAM)
        (fault,) = (await check_files(lambda: audit)).faults
        assert (fault[0], fault[1].case) == (FileDamage.ERASED_WITHOUT_ORDER, one)
    async with house.lab.connection("audit") as audit:
        with pytest.raises((APIError, TimeoutError)):
            await audit.jetstream(timeout=0.5).purge_stream(FILES_STREAM)
    notes = " ".join(en for en, _ in house.verdict(one).notes)
    assert f"is not in the bundle; its hash on record is {ref['sha256']}" in notes


async def test_without_the_key_it_is_refused_and_what_stands_on_record_is_done_once_it_is_there(
    own_lab: Lab,
) -> None:
    env: Json = {"FENGHUO_TRAIL_PACE": "PT0.05S", "FENGHUO_REDACTOR_URL": own_lab.mongo_url}
    key: Json = {"FENGHUO_REDACTOR_CREDENTIALS": str(own_lab.secrets / nkey_file(REDACTOR))}
    intake = await own_lab.start_service("intake", FENGHUO_DUTIES_WAIT="PT0.1S")
    house = House(own_lab, intake, await own_lab.start_service("audit", **env))
    one, (ref,) = await house.reported(png(size=75))
    refused = house.redact(case=one, files=[ref["sha256"]])
    assert (refused.status_code, "FENGHUO_REDACTOR_CREDENTIALS" in refused.json()["detail"]) == (503, True)
    house.audit.stop()

    dying = [sys.executable, "-m", "tests.audit.dying", "file_entry:1"]
    house.audit = await own_lab.start_service("audit", command=dying, wait=False, **env, **key)
    await until(lambda: _answers(house))
    with pytest.raises(httpx2.HTTPError):
        house.redact(case=one, files=[ref["sha256"]])
    await until(
        lambda: house.audit.process.poll() is not None, what="it died between the entry and the pieces"
    )
    assert await house.left_of(ref) > 0
    house.audit = await own_lab.start_service("audit", **env, **key)

    async def is_gone() -> bool:
        return await house.left_of(ref) == 0

    await until(is_gone, what="what stands on record is carried out")
    assert house.file(one, ref).status_code == 410


def _answers(house: House) -> bool:
    try:
        return house.ask(house.audit, "GET", "/api/v1/trail/state", Role.AUDITOR).status_code == 200
    except httpx2.HTTPError:
        return False
