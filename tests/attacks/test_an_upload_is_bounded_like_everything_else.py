"""Files pass the door as everything does: no token, no byte; large, many, and never more memory for it.

The deed: 20 MB without a token and without end; a form with six files, and a hundred megabytes
of text in place of files; uploads side by side; a name that climbs.
"""

from contextlib import ExitStack

import pytest

from services.intake.files.room import AT_ONCE, OF_ONE_AT_ONCE, Room
from shared.problems import Problem
from shared.vocabulary import Role
from tests.attacks.conftest import Installation
from tests.attacks.raw import chunk, head, memory, pour

MB = 1024 * 1024
PIECE = b"x" * 65536
LINE = b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n'


@pytest.mark.parametrize("path", ["/api/v1/files", "/report", "/cases/x/acts/followed_up"])
async def test_a_stranger_uploads_nothing(installation: Installation, path: str) -> None:
    before = memory(installation.intake)
    start = head("POST", path, content_length=str(20 * MB), sec_fetch_site="same-origin")
    answer = await pour(installation.intake, start, PIECE, 320)
    assert answer.status == 401
    assert answer.sent < 16 * MB, "it is not read to its end; some megabytes lie in the kernel's buffers"
    endless = head("POST", path, transfer_encoding="chunked", sec_fetch_site="same-origin")
    assert (await pour(installation.intake, endless, chunk(PIECE), 10_000)).status == 401
    assert memory(installation.intake) - before < 8 * MB


async def test_a_known_sender_is_bounded_too(installation: Installation) -> None:
    officer = f"Bearer {installation.lab.token(Role.DUTY_OFFICER, person='wang_xin')}"
    before = memory(installation.intake)
    endless = head("POST", "/api/v1/files", authorization=officer, transfer_encoding="chunked")
    answer = await pour(installation.intake, endless, chunk(PIECE), 10_000)
    assert answer.status == 413
    assert memory(installation.intake) - before < 8 * MB


async def test_a_form_is_bounded_in_text_in_files_and_in_size(installation: Installation) -> None:
    officer = installation.lab.bearer(Role.DUTY_OFFICER, person="wang_xin")
    kind = {"Content-Type": "multipart/form-data; boundary=b", "Sec-Fetch-Site": "same-origin"}
    http, before = installation.http, memory(installation.intake)
    text = LINE % (b"summary", b"") + b"y" * (30 * MB) + b"\r\n--b--\r\n"
    plain = {**kind, "Content-Type": "application/x-www-form-urlencoded"}
    for content, headers in ((text, kind), (b"summary=" + b"y" * (30 * MB), plain)):
        answer = await http.post("/report", content=content, headers=officer | headers)
        assert answer.status_code == 413
    many = b"".join(LINE % (b"files", b'; filename="a.txt"') + b"z\r\n" for _ in range(9)) + b"--b--\r\n"
    answer = await http.post("/report", content=many, headers=officer | kind)
    assert answer.status_code == 413
    for odd in (b"", b"--c\r\n", LINE % (b"x", b""), b"\0" * 1000):
        answer = await http.post("/report", content=odd, headers=officer | kind)
        assert answer.status_code == 400
    assert memory(installation.intake) - before < 8 * MB


def test_files_that_come_in_side_by_side_have_so_many_places() -> None:
    room = Room()
    with ExitStack() as coming_in:
        for sender in range(AT_ONCE // OF_ONE_AT_ONCE):
            for _ in range(OF_ONE_AT_ONCE):
                coming_in.enter_context(room.place(str(sender)))
            with pytest.raises(Problem) as refused, room.place(str(sender)):
                pass
            assert refused.value.status == 429
        with pytest.raises(Problem) as refused, room.place("another"):
            pass
        assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "30")
    with room.place("another"):
        pass


async def test_a_name_climbs_nowhere(installation: Installation) -> None:
    headers = installation.lab.bearer(Role.DUTY_OFFICER, person="wang_xin")
    files = {"file": ("..\\..\\a/../b\r\nSet-Cookie: x=1.html", b"plain words")}
    answer = await installation.http.post("/api/v1/files", files=files, headers=headers)
    assert answer.status_code == 201
    assert answer.json()["name"].endswith(".txt")
    assert not set(answer.json()["name"]) & set("/\\\r\n:")
