"""A file is stored once under its hash, named by facts of those who brought it, and seen by those who see the
case.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from fenghuo.file_check import FileDamage, check_files
from services.intake.files.keeping import IncomingFiles
from services.intake.files.spool import Spool
from shared import streams
from shared.case import CaseFile
from shared.facts.file import LARGEST_FILE, MOST_FILES
from shared.files.store import PIECE, FileStore
from shared.files.subjects import file_entry, file_pieces
from shared.ids import CaseId, case_id_at
from shared.problems import Problem
from shared.streams import FILES_STREAM, UPLOADS, UPLOADS_STREAM
from shared.vocabulary import Kind, Role
from tests.intake.builders import case, facts_of, form, post_case
from tests.intake.pictures import jpeg, office, png
from tests.lab import Lab, until


async def upload(
    http: httpx2.AsyncClient, lab: Lab, content: bytes, role: Role = Role.REPORTER, **params: Any
) -> httpx2.Response:
    return await http.post("/api/v1/files", content=content, params=params, headers=lab.bearer(role))


async def report(http: httpx2.AsyncClient, lab: Lab, **fields: Any) -> httpx2.Response:
    headers = lab.bearer(Role.REPORTER)
    return await http.post("/api/v1/reports", json=form(unit="city", **fields), headers=headers)


async def stored(lab: Lab) -> int:
    """Pieces and entries of contents, named or not."""
    async with lab.connection("admin") as admin:
        js = admin.jetstream()
        counts = [
            (await js.stream_info(f"OBJ_{bucket}", subjects_filter=f"$O.{bucket}.{part}.>")).state.subjects
            or {}
            for bucket in ("FILES", "UPLOADS")
            for part in "CM"
        ]
        return sum(sum(subjects.values()) for subjects in counts)


async def test_a_file_is_stored_once_and_its_hash_stands_in_the_fact(
    http: httpx2.AsyncClient, lab: Lab
) -> None:
    content = png(text=b"a\0first", size=9) + b"x" * 300_000
    first = await upload(http, lab, content, name="../现场\u202e.html")
    assert first.status_code == 201, first.text
    ref = first.json()
    assert ref == {
        "sha256": hashlib.sha256(content).hexdigest(),
        "name": "现场.html.png",
        "type": "image/png",
        "bytes": len(content),
    }
    before = await stored(lab)
    again = await http.post(
        "/api/v1/files", files={"file": ("现场.png", content)}, headers=lab.bearer(Role.REPORTER)
    )
    assert again.json() == ref | {"name": "现场.png"}
    assert await stored(lab) == before, "the same content is stored once"

    taken = await report(http, lab, files=[{"sha256": ref["sha256"], "name": "井口.png"}])
    assert taken.status_code == 201, taken.text
    (fact,) = await facts_of(lab, taken.json()["case"], "reported")
    assert fact.data["files"] == [ref | {"name": "井口.png"}]
    before = await stored(lab)
    await upload(http, lab, content)
    assert (await report(http, lab, files=[{"sha256": ref["sha256"]}])).status_code == 201
    assert await stored(lab) == before, "nor a second time for another case"


@pytest.mark.parametrize(
    ("content", "params", "status", "words"),
    [
        (b"MZ\x90\0\3\0\0\0\4", {}, 415, "an ending in the name counts for nothing"),
        (office("[Content_Types].xml", "word/x", "word/vbaProject.bin"), {}, 415, "none of JPEG"),
        (b"", {}, 422, "empty"),
        (b"%PDF-1.7 x", {"strip": "true"}, 422, "Only whole JPEG"),
        (jpeg()[:80], {"strip": "true"}, 422, "Only whole JPEG"),
        (b"\xff\xd8\xff" + bytes(LARGEST_FILE - 2), {}, 413, "at most 20 MB"),
    ],
)
async def test_what_is_not_taken_is_answered_with_the_remedy_and_not_stored(
    http: httpx2.AsyncClient, lab: Lab, content: bytes, params: dict[str, Any], status: int, words: str
) -> None:
    before = await stored(lab)
    answer = await upload(http, lab, content, **params)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["detail"]
    assert await stored(lab) == before


async def test_the_hash_is_that_of_the_cleaned_picture(http: httpx2.AsyncClient, lab: Lab) -> None:
    answer = await upload(http, lab, jpeg(), strip="true", name="a.jpg")
    assert answer.status_code == 201, answer.text
    assert answer.json()["sha256"] != hashlib.sha256(jpeg()).hexdigest()
    assert answer.json()["bytes"] < len(jpeg())


async def test_a_fact_names_only_what_its_author_brought(http: httpx2.AsyncClient, lab: Lab) -> None:
    theirs = (await upload(http, lab, png(size=11), Role.SUPERVISOR)).json()["sha256"]
    own = (await upload(http, lab, png(size=12))).json()["sha256"]
    for sha256 in (theirs, "0" * 64):
        answer = await report(http, lab, files=[{"sha256": sha256}])
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "files.0.sha256"
        assert "no such file was uploaded by you within the last day" in answer.json()["errors"][0]["message"]
    many = [{"sha256": own}] * (MOST_FILES + 1)
    for files, field in (
        (many, "files"),
        ([{"sha256": own}, {"sha256": own}], "files.1.sha256"),
        ([{"sha256": own, "type": "text/html"}], "files.0.type"),
        ([{"sha256": own, "bytes": 1}], "files.0.bytes"),
        ([{"sha256": own.upper()}], "files.0.sha256"),
    ):
        answer = await report(http, lab, files=files)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def case_with(lab: Lab, http: httpx2.AsyncClient, *refs: dict[str, Any]) -> CaseId:
    """On the board, with these files, which a report has named."""
    assert (await report(http, lab, files=refs)).status_code == 201
    one, now = case_id_at(datetime.now(UTC)), datetime.now(UTC)
    files = tuple(CaseFile(sequence=1, kind=Kind.REPORTED, at=now, by="x", **ref) for ref in refs)
    await post_case(lab, case(one, sequence=0, files=files))

    async def shows() -> bool:
        return (await http.get(f"/api/v1/cases/{one}", headers=lab.bearer(Role.AUDITOR))).status_code == 200

    await until(shows, what="the case on the board")
    return one


async def test_a_file_is_given_whole_under_headers_that_let_nothing_run(
    http: httpx2.AsyncClient, lab: Lab
) -> None:
    contents = {"image/png": png(size=600) * 400, "text/plain": b"<script>alert(1)</script>" * 20_000}
    refs = [(await upload(http, lab, content, name='图".html')).json() for content in contents.values()]
    other = (await upload(http, lab, png(size=13))).json()
    one = await case_with(lab, http, *refs)
    for ref, shown in zip(refs, ("inline", "attachment"), strict=True):
        path = f"/api/v1/cases/{one}/files/{ref['sha256']}"
        answer = await http.get(path, headers=lab.bearer(Role.AUDITOR))
        assert answer.status_code == 200, answer.text
        assert answer.content == contents[ref["type"]]
        headers = answer.headers
        assert headers["content-disposition"].startswith(f'{shown}; filename="_.html')
        assert "filename*=UTF-8''%E5%9B%BE_.html" in headers["content-disposition"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in headers["content-security-policy"]
        assert "no-store" in headers["cache-control"]
        assert headers["content-type"].startswith(ref["type"])
        stranger = await http.get(path, headers=lab.bearer(Role.REPORTER, unit="heating"))
        assert stranger.status_code == 403, "as the case itself"
        assert (await http.get(path)).status_code == 401
    missing = await http.get(f"/api/v1/cases/{one}/files/{other['sha256']}", headers=lab.bearer(Role.AUDITOR))
    assert missing.status_code == 404, "a file of another case is not here"


async def test_a_damaged_file_is_never_given_whole(http: httpx2.AsyncClient, lab: Lab) -> None:
    ref = (await upload(http, lab, png(size=14), name="a.png")).json()
    one = await case_with(lab, http, ref)
    async with lab.connection("admin") as admin:
        js = admin.jetstream()
        last = (await js.stream_info(FILES_STREAM)).state.last_seq
        pieces = [await js.get_msg(FILES_STREAM, sequence) for sequence in range(1, last + 1)]
        piece = next(
            one.subject for one in reversed(pieces) if one.subject and one.subject.startswith("$O.FILES.C.")
        )
        await js.purge_stream(FILES_STREAM, subject=piece)
        await js.publish(piece, png(size=15))
    answer = await http.get(f"/api/v1/cases/{one}/files/{ref['sha256']}", headers=lab.bearer(Role.AUDITOR))
    assert answer.status_code == 500
    assert "not what its hash says" in answer.json()["detail"]


def test_nothing_of_a_file_is_left_where_it_came_in(tmp_path: Any) -> None:
    spool = Spool(tmp_path)
    spool.write(b"x")
    assert list(tmp_path.iterdir()) == []
    spool.close()


async def test_what_no_fact_names_fades_and_what_one_names_stays(http: httpx2.AsyncClient, lab: Lab) -> None:
    named, orphan = [(await upload(http, lab, png(size=size))).json() for size in (51, 52)]
    taken = await report(http, lab, files=[named])
    assert taken.status_code == 201, taken.text
    async with lab.connection("admin") as admin:
        js = admin.jetstream()
        whole = (await js.stream_info(UPLOADS_STREAM)).config
        await js.update_stream(whole.evolve(max_age=1.0, duplicate_window=1.0))
        try:

            async def is_gone() -> bool:
                return (await js.stream_info(UPLOADS_STREAM)).state.messages == 0

            await until(is_gone, what="the uploads have faded")
            store = FileStore(lambda: admin)
            kept = await store.entry(named["sha256"])
            assert kept
            assert b"".join([piece async for piece in store.read(kept)]) == png(size=51)
            late = await report(http, lab, files=[orphan])
            assert late.status_code == 422
            assert "within the last day" in late.json()["errors"][0]["message"]
            await upload(http, lab, png(size=52))
            assert (await report(http, lab, files=[orphan])).status_code == 201, "sent again it is taken"
            await streams.declare(js)
            assert (await js.stream_info(UPLOADS_STREAM)).config.max_age == 1.0, (
                "a deployment's own term stays"
            )
        finally:
            await js.update_stream(whole)


async def test_an_upload_that_fades_while_its_report_comes_in_is_asked_for_again(lab: Lab) -> None:
    """Between the look at the form and the fact: either it is stored for good, or there is no fact."""
    async with lab.connection("intake") as intake, lab.connection("admin") as admin:
        files = IncomingFiles(lambda: intake, lambda: datetime.now(UTC), lab.folder)
        with files.spool() as spool:
            spool.write(png(size=61))
            ref = await files.keep(spool, "a.png", "someone", strip=False)
        (known,), faults = await files.named((ref,), "someone")
        assert not faults
        entry = await files.uploads.entry(known.sha256)
        assert entry
        await admin.jetstream().purge_stream(UPLOADS_STREAM, subject=file_pieces(entry.nuid, UPLOADS))
        with pytest.raises(Problem) as refused:
            await files.settle((known,), CaseId("case"))
        assert refused.value.status == 422
        assert await files.store.entry(known.sha256) is None


async def test_nothing_of_a_damaged_upload_is_stored_for_good(lab: Lab) -> None:
    """Whoever stores for good can't take away again: what is damaged never gets so far, however often it is tried."""
    async with lab.connection("intake") as intake, lab.connection("admin") as admin:
        files = IncomingFiles(lambda: intake, lambda: datetime.now(UTC), lab.folder)
        with files.spool() as spool:
            spool.write(png(size=62) + bytes(5 * PIECE))
            ref = await files.keep(spool, "a.png", "someone", strip=False)
        entry = await files.uploads.entry(ref.sha256)
        assert entry
        js = admin.jetstream()
        await js.purge_stream(UPLOADS_STREAM, subject=file_pieces(entry.nuid, UPLOADS), keep=4)
        before = (await js.stream_info(FILES_STREAM, subjects_filter="$O.FILES.C.>")).state.subjects
        with pytest.raises(Problem) as refused:
            await files.settle((ref,), CaseId("case"))
        after = (await js.stream_info(FILES_STREAM, subjects_filter="$O.FILES.C.>")).state.subjects
        assert (refused.value.status, after) == (422, before)


async def test_a_missing_or_altered_file_is_found_and_named(http: httpx2.AsyncClient, lab: Lab) -> None:
    refs = [(await upload(http, lab, png(size=size), name=f"{size}.png")).json() for size in (31, 32, 33)]
    answer = await report(http, lab, files=refs)
    assert answer.status_code == 201, answer.text
    async with lab.connection("admin") as admin, lab.connection("audit") as audit:
        js, store = admin.jetstream(), FileStore(lambda: admin)
        before = await check_files(lambda: audit)
        whole, altered, missing = [await store.entry(ref["sha256"]) for ref in refs]
        assert whole
        assert altered
        assert missing
        await js.purge_stream(FILES_STREAM, subject=file_pieces(altered.nuid))
        await js.publish(file_pieces(altered.nuid), png(size=34))
        await js.purge_stream(FILES_STREAM, subject=file_entry(missing.name))
        after = await check_files(lambda: audit)
    found = {(fault, file.name, file.case) for fault, file in after.faults} - {
        (fault, file.name, file.case) for fault, file in before.faults
    }
    case_id = answer.json()["case"]
    assert found == {(FileDamage.ALTERED, "32.png", case_id), (FileDamage.MISSING, "33.png", case_id)}
    assert after.whole == before.whole - 2
