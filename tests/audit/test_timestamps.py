"""Checkpoints before a time-stamping authority: a real one, over HTTP; and the SM3 digest beside them."""

import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest
from pymongo import MongoClient

from services.audit.checking.sources import FolderSource, write_folder
from services.audit.checking.verify import verify
from services.audit.records import timestamp as timestamps
from services.audit.records.timestamp import Stamp, StampError
from shared.secrets import SecretFile
from shared.tlog.checkpoint import Checkpoint
from shared.tlog.merkle import EMPTY_ROOT
from shared.tlog.note import Signer
from tests.audit.given import new_case, publish, reported
from tests.audit.reading import key_of, store_of
from tests.lab import Lab, until

CONFIG = """
[tsa]
default_tsa = one
[one]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign
[leaf]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
"""


class Authority:
    """OpenSSL's own, behind a web server of this test."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked, self.broken = folder, 0, False
        (folder / "tsa.cnf").write_text(CONFIG)
        (folder / "serial").write_text("01\n")
        for name in ("root", "leaf"):
            self._openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
        root = (
            "-subj",
            "/CN=A root",
            "-days",
            "2",
            "-config",
            "tsa.cnf",
            "-extensions",
            "root",
            "-out",
            "root.pem",
        )
        self._openssl("req", "-x509", "-new", "-key", "root.key", *root)
        self._openssl(
            "req",
            "-new",
            "-key",
            "leaf.key",
            "-subj",
            "/CN=An authority",
            "-config",
            "tsa.cnf",
            "-out",
            "leaf.csr",
        )
        signed = (
            "-CA",
            "root.pem",
            "-CAkey",
            "root.key",
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            "tsa.cnf",
            "-extensions",
            "leaf",
        )
        self._openssl("x509", "-req", "-in", "leaf.csr", *signed, "-out", "leaf.pem")
        self.roots = timestamps.certificates((folder / "root.pem").read_bytes())

    def answer(self, request: bytes) -> bytes:
        self.asked += 1
        if self.broken:
            return b"no time stamp"
        query = self.folder / f"{self.asked}.tsq"
        query.write_bytes(request)
        reply = query.with_suffix(".tsr")
        how = ("-config", "tsa.cnf", "-signer", "leaf.pem", "-inkey", "leaf.key")
        self._openssl("ts", "-reply", "-queryfile", str(query), *how, "-out", str(reply))
        return reply.read_bytes()

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)


class Asked(BaseHTTPRequestHandler):
    def __init__(self, authority: Authority, *arguments: object) -> None:
        self.authority = authority
        super().__init__(*arguments)  # pyright: ignore[reportArgumentType] - as the server gives them

    def do_POST(self) -> None:
        assert self.headers["Content-Type"] == "application/timestamp-query"
        content = self.authority.answer(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Authority, str]]:
    one = Authority(tmp_path_factory.mktemp("tsa"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Asked, one))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield one, f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    from fenghuo.bootstrap import make_secrets

    lab = Lab(tmp_path_factory.mktemp("keys"))
    make_secrets(lab.secrets)
    return lab


def stamp_of(signer: Lab, authority: Authority, at: datetime) -> Stamp:
    key = Signer.read((signer.secrets / SecretFile.TRAIL_SIGNING).read_text())
    note = Checkpoint(key.name, 0, EMPTY_ROOT, at).sign(key).write()
    token = authority.answer(timestamps.ask(note).request)
    return Stamp(
        number=0, size=0, note=note, sm3=timestamps.digest_of(note), token=token.hex(), at=at.isoformat()
    )


def test_a_stamp_holds_and_each_thing_altered_in_it_is_found(
    signer: Lab, authority: tuple[Authority, str], tmp_path: Path
) -> None:
    tsa, _ = authority
    now = datetime.now(UTC)
    stamp, later = stamp_of(signer, tsa, now), stamp_of(signer, tsa, now + timedelta(hours=1))
    key = key_of(signer)
    timestamps.check(stamp, key, tsa.roots)
    assert stamp.token
    for altered, words in (
        ({"sm3": "0" * 64}, "SM3"),
        ({"note": stamp.note.replace("\n0\n", "\n1\n")}, "altered"),
        ({"size": 7}, "records"),
        ({"token": later.token}, "something else"),
        ({"token": stamp.token[:-8] + "00000000"}, "authority"),
        ({"token": "zz"}, "readable"),
        ({"token": "00"}, "no answer"),
    ):
        with pytest.raises(StampError, match=words):
            timestamps.check(stamp.model_copy(update=altered), key, tsa.roots)
    with pytest.raises(StampError, match="made up"):
        timestamps.check(later, key, tsa.roots)
    stranger = tmp_path / "other"
    stranger.mkdir()
    with pytest.raises(StampError, match="trust"):
        timestamps.check(stamp, key, Authority(stranger).roots)


async def test_the_audit_asks_the_authority_and_verify_checks_what_it_said(
    own_lab: Lab, authority: tuple[Authority, str], tmp_path: Path
) -> None:
    tsa, url = authority
    tsa.broken = True
    env = {"FENGHUO_TRAIL_PACE": "PT0.1S", "FENGHUO_TSA_URL": url, "FENGHUO_TSA_EVERY": "PT0.2S"}
    audit = await own_lab.start_service("audit", command=None, wait=True, **env)
    async with own_lab.connection("admin") as connection:
        await publish(connection, reported(new_case()))
    before = tsa.asked
    await until(lambda: tsa.asked > before + 1, what="an authority that answers nonsense is asked again")
    tsa.broken = False

    def stamped() -> list[dict[str, object]]:
        return [one for one in httpx2.get(f"{audit.url}/api/v1/trail/timestamps").json() if one["size"] == 1]

    (stamp, *_) = await until(stamped, what=f"the checkpoint of one record is stamped; {audit.log}")
    digest, size = httpx2.get(f"{audit.url}/checkpoint.sm3").text.split()
    assert (digest, size) == (timestamps.digest_of(httpx2.get(f"{audit.url}/checkpoint").text), "1")
    assert audit.stop() == 0
    async with store_of(own_lab) as source:
        verdict = await verify(source, key_of(own_lab), tsa=tsa.roots)
        assert (verdict.faults, verdict.stamps >= 1) == ([], True)
        await write_folder(source, 1, tmp_path / "export", "", lambda _done, _all: None)
    assert (
        await verify(FolderSource(tmp_path / "export"), key_of(own_lab), tsa=tsa.roots)
    ).stamps == verdict.stamps
    store = MongoClient[dict[str, object]](own_lab.mongo_url)
    store["fenghuo_trail"]["timestamps"].update_one({"_id": stamp["number"]}, {"$set": {"sm3": "0" * 64}})
    store.close()
    async with store_of(own_lab) as source:
        verdict = await verify(source, key_of(own_lab), tsa=tsa.roots)
    assert ["SM3" in fault.words for fault in verdict.faults] == [True]


def test_the_digest_is_what_openssl_gives_for_the_signed_text() -> None:
    """GB/T 32905-2016: the digests of its two examples, by the tool that whoever checks it has."""
    note = "fenghuo.trail\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— fenghuo.trail abc\n"
    told = subprocess.run(
        ["openssl", "dgst", "-sm3"], input=timestamps.text_of(note), capture_output=True, check=True
    ).stdout
    assert timestamps.digest_of(note) == told.decode().split()[-1]
