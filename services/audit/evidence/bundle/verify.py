#!/usr/bin/env python3
"""Checks an evidence bundle of Fenghuo, offline. 离线核验烽火事项证据包。

  python3 verify.py [--witness KEY]... [--quorum N] [--receipt FILE --receipt-key PEM] [--follows KEY]
  [--list] [--language zh|en]
                    KEY [BUNDLE]

KEY is the trail's public key (`<name>+<hash>+<key>`, or a file with it), a witness's KEY likewise. Bring
them from elsewhere: nothing in the bundle is believed, this program included: compare its SHA-256 with one you got
another way, or run your own copy of it. --follows gives the public key of an ended trail that this one
follows: of a bundle that holds the first record, which says so. KEY
是存证的公钥（或存有公钥的文件），见证方公钥同理，均须另行取得；包内任何内容都不作为依据，本程序也不例外：请另行取得其
SHA-256 比对。

BUNDLE is the zip or the unpacked folder; without it, the folder this program lies in. Needs Python 3.9 and
`cryptography`. Ends with 0 where all holds, 1 where something does not, 2 where it was called wrongly or
there is nothing to check,
4 where all holds but fewer of the witnesses given have cosigned than demanded (one, unless --quorum says how
many). It travels alone, so that it is one file and shares nothing with the program that made the bundle.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import io
import json
import sys
import zipfile
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import IO, Any, NoReturn, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
except ImportError:
    sys.exit(
        "cryptography is missing: pip install cryptography / 缺少 cryptography：pip install cryptography"
    )

HOLDS, BROKEN, USAGE, NOT_WITNESSED = 0, 1, 2, 4
FORMAT = "fenghuo-evidence/2"
LIMIT = 512 * 1024 * 1024
"""Bytes a bundle may unpack to."""
ED25519, COSIGNATURE = 1, 4
"""Kinds of keys in a C2SP signed note."""
OWN_PROOFS = ("checkpoint", "statement", "files.sha256")
"""Files that prove themselves; so do the .tlog-proof files. All others stand in files.sha256."""
DISTRUST = {
    "subject": ("it lies on no subject that a fact could have", "其所在主题不属于任何事实"),
    "envelope": ("it is no CloudEvent", "不是 CloudEvent"),
    "kind": ("its content is of another kind than its subject", "内容的种类与其所在主题不符"),
    "case": ("it names no case, or one where none belongs", "应属某一事项而未写明，或不应属而写明"),
    "lane": ("it was stored in another lane than its case's", "未存入其事项所属的通道"),
    "author": ("its author may not write facts of its kind", "所称作者无权写入此类事实"),
    "actor": ("its author can't speak for whom it names", "其作者不能代所称行为人作出此事"),
    "headers": ("an answer of the broker was let into the record", "消息服务器的应答被引入了记录"),
    "message_id": ("it was stored under another id than its own", "入库所用的消息编号与其自身编号不符"),
}
"""Why a record's message is no authentic fact, as the trail says."""
WHOLE = "*"
"""Stands for a whole message where fields are listed."""
RECEIPT_TOLERANCE = timedelta(microseconds=1)
"""Receipts once were rounded to the microsecond and records cut off: one of the same fact may name the
microsecond beside its own.
"""
Words = tuple[str, str]
"""The same sentence in English and Chinese."""


class BrokenError(Exception):
    """Says what does not hold, in English and Chinese."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.words = (en, zh)


def require(holds: bool, en: str, zh: str) -> None:
    if not holds:
        raise BrokenError(en, zh)


# --- reading
# ----------------------------------------------------------------------------------------------------------


def read_bundle(path: Path | IO[bytes]) -> dict[str, bytes]:
    """Every file of the zip or folder by its name."""
    if isinstance(path, Path) and path.is_dir():
        contents = {
            file.relative_to(path).as_posix(): file.read_bytes()
            for file in sorted(path.rglob("*"))
            if file.is_file()
        }
        return {name: content for name, content in contents.items() if "__pycache__" not in name}
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            names = [info.filename for info in infos]
            require(sum(info.file_size for info in infos) <= LIMIT, "the bundle is too large", "证据包过大")
            require(
                len(set(names)) == len(names), "the bundle holds two files of one name", "证据包内有同名文件"
            )
            return {info.filename: archive.read(info) for info in infos}
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        LookupError,
        OverflowError,
    ) as error:
        raise BrokenError(
            f"the zip is damaged or cut off ({error})", f"压缩包损坏或不完整（{error}）"
        ) from None


def base64_of(text: str) -> bytes:
    """In its one spelling, else ValueError."""
    raw = base64.b64decode(text.encode("ascii"), validate=True)
    if base64.b64encode(raw).decode() != text:
        raise ValueError(text)
    return raw


def json_of(raw: bytes, name: str) -> dict[str, Any]:
    try:
        return mapping(json.loads(raw.decode("utf-8")), strict=True)
    except (ValueError, RecursionError):
        raise BrokenError(f"{name} can't be read", f"{name} 无法读取") from None


def mapping(value: Any, *, strict: bool = False) -> dict[str, Any]:
    """A JSON object; where it is none, an empty one, or ValueError if `strict`."""
    if strict and not isinstance(value, dict):
        raise ValueError
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


# --- keys and notes
# ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Key:
    name: str
    kind: int
    id: bytes
    public: bytes

    def verify(self, signature: bytes, message: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


def read_key(text: str, *kinds: int) -> Key:
    """`<name>+<hash>+<key>`, or the name of a file that holds it. Raises ValueError."""
    if "+" not in text:
        text = Path(text).read_text(encoding="utf-8")
    name, _, rest = text.strip().partition("+")
    hashed, _, coded = rest.partition("+")
    raw = base64_of(coded)
    if (
        not is_name(name)
        or len(raw) != 33
        or raw[0] not in kinds
        or hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8] != hashed
    ):
        raise ValueError("not a key of this kind, or not copied whole / 不是所需的公钥，或抄录不全")
    return Key(name, raw[0], bytes.fromhex(hashed), raw[1:])


def is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(letter.isspace() for letter in name)


@dataclass(frozen=True)
class Note:
    text: str
    signatures: list[tuple[str, bytes, bytes]]
    """(name, key id, signature)."""


def read_note(raw: bytes, name: str) -> Note:
    try:
        text, gap, lines = raw.decode("utf-8").rpartition("\n\n")
        if (
            not gap
            or not lines.endswith("\n")
            or any(letter < " " and letter != "\n" for letter in text + lines)
        ):
            raise ValueError
        signatures: list[tuple[str, bytes, bytes]] = []
        for line in lines[:-1].split("\n"):
            dash, signer, coded = line.split(" ")
            value = base64_of(coded)
            if dash != "\N{EM DASH}" or not is_name(signer) or len(value) < 5:
                raise ValueError
            signatures.append((signer, value[:4], value[4:]))
    except ValueError:
        raise BrokenError(f"{name} is no signed note", f"{name} 不是签名文本") from None
    return Note(text + "\n", signatures)


def require_signed(note: Note, key: Key, name: str) -> None:
    own = [value for signer, key_id, value in note.signatures if (signer, key_id) == (key.name, key.id)]
    require(
        bool(own),
        f"{name} is not signed by the key given ({key.name})",
        f"{name} 未由所给公钥（{key.name}）签名",
    )
    holds = all(key.verify(value, note.text.encode()) for value in own)
    require(
        holds,
        f"{name}: the signature does not belong to this text: it was altered",
        f"{name}：签名与内容不符，内容被改动",
    )


def cosigned_at(note: Note, witness: Key) -> int | None:
    """When the witness cosigned the checkpoint, seconds since 1970; None where it did not."""
    for signer, key_id, value in note.signatures:
        if (signer, key_id) == (witness.name, witness.id):
            if witness.kind == ED25519:
                return 0 if witness.verify(value, note.text.encode()) else None
            time, signature = int.from_bytes(value[:8], "big"), value[8:]
            if len(value) == 72 and witness.verify(
                signature, f"cosignature/v1\ntime {time}\n{note.text}".encode()
            ):
                return time
    return None


def signed_at(note: Note, key: Key) -> str:
    """When the log says it signed: by a cosignature of its own key, in earlier checkpoints by a line of the
    text.
    """
    hashed = hashlib.sha256(key.name.encode() + b"\n" + bytes([COSIGNATURE]) + key.public).digest()
    time = cosigned_at(note, Key(key.name, COSIGNATURE, hashed[:4], key.public))
    if time is not None and time < 1 << 36:
        return datetime.fromtimestamp(time, timezone.utc).isoformat()  # noqa: UP017 - Python 3.9 has no UTC
    return next((line[5:] for line in note.text.split("\n")[3:] if line.startswith("time ")), "?")


# --- the tree (RFC 6962, RFC 9162)
# ------------------------------------------------------------------------------------


def leaf_of(record: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + record).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_from(index: int, size: int, leaf: bytes, path: list[bytes]) -> bytes | None:
    """The root that leaf and path make (RFC 9162, 2.1.3.2); None where the path is none for this place."""
    if not 0 <= index < size or any(len(one) != 32 for one in path):
        return None
    low, last, root = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if low & 1 or low == last:
            root = node(sibling, root)
            while not low & 1 and low:
                low, last = low >> 1, last >> 1
        else:
            root = node(root, sibling)
        low, last = low >> 1, last >> 1
    return root if last == 0 else None


def root_of_tail(start: int, peaks: list[bytes], records: list[bytes]) -> bytes:
    """The root of the tree whose first `start` leaves have these perfect subtrees, and whose others are
    `records`.
    """
    heights = [height for height in range(start.bit_length() - 1, -1, -1) if start >> height & 1]
    stack = list(zip(heights, peaks))  # noqa: B905 - Python 3.9 has no `strict`; the caller has counted them
    for record in records:
        height, top = 0, leaf_of(record)
        while stack and stack[-1][0] == height:
            top = node(stack.pop()[1], top)
            height += 1
        stack.append((height, top))
    root = stack[-1][1]
    for _, left in reversed(stack[:-1]):
        root = node(left, root)
    return root


# --- the bundle
# -------------------------------------------------------------------------------------------------------


@dataclass
class Verdict:
    proven: list[Words] = field(default_factory=lambda: [])
    unproven: list[Words] = field(default_factory=lambda: [])
    notes: list[Words] = field(default_factory=lambda: [])
    lines: list[str] = field(default_factory=lambda: [])
    """A line a record: what is shown was proven."""
    witnesses: int = 0


@dataclass(frozen=True)
class Proven:
    """A record that stands in the tree."""

    name: str
    header: dict[str, Any]
    fact: bytes | None
    """The message as it came, where the bundle has it."""
    shown: dict[str, Any]
    """What is here of the message: all of it, or what was left."""
    missing: frozenset[str]
    """The personal fields that are not here; WHOLE where the rest is not here either."""


class Bundle:
    def __init__(self, files: dict[str, bytes], key: Key, ended: Key | None = None) -> None:
        """`ended`: the key of the trail that this one follows."""
        self.files, self.key, self.ended, self.verdict = files, key, ended, Verdict()
        self.records: list[Proven] = []
        self.zone: tzinfo = timezone.utc  # noqa: UP017 - Python 3.9 has no UTC

    def when(self, stamp: object) -> str:
        """A moment as the office's clock showed it, with the offset; what is none stays as it is."""
        try:
            at = datetime.fromisoformat(str(stamp).replace("Z", "+00:00"))
            return at.astimezone(self.zone).isoformat(sep=" ", timespec="milliseconds")
        except (ValueError, OverflowError):
            return str(stamp)

    def text(self, name: str) -> bytes:
        require(name in self.files, f"{name} is missing", f"缺少 {name}")
        return self.files[name]

    def check(self, witnesses: list[Key]) -> Verdict:
        about = json_of(self.text("bundle.json"), "bundle.json")
        require(
            about.get("format") == FORMAT,
            f"this is no bundle of the form {FORMAT}",
            f"不是 {FORMAT} 格式的证据包",
        )
        self.redacted = about.get("redacted") is True
        with contextlib.suppress(ValueError, OSError, ZoneInfoNotFoundError):
            self.zone = ZoneInfo(str(about.get("zone")))
        self.checkpoint()
        self.cosigned(witnesses)
        self.statement()
        for number in range(1, self.count + 1):
            self.record(number)
        self.whole()
        self.others()
        self.attached()
        self.list_of_files()
        self.not_proven()
        return self.verdict

    def checkpoint(self) -> None:
        self.note = read_note(self.text("checkpoint"), "checkpoint")
        require_signed(self.note, self.key, "checkpoint")
        lines = self.note.text.split("\n")
        try:
            self.size, self.root = number_of(lines[1]), base64_of(lines[2])
            holds = lines[0] == self.key.name and len(self.root) == 32
        except (ValueError, IndexError):
            holds = False
        require(holds, "the checkpoint is none of this trail", "检查点不属于该存证")
        time = self.when(signed_at(self.note, self.key))
        self.verdict.proven.append(
            (
                f"The key you gave has signed a checkpoint of {self.size} records at {time}.",
                f"所给公钥于 {time} 签署了含 {self.size} 条记录的检查点。",
            )
        )

    def cosigned(self, witnesses: list[Key]) -> None:
        for witness in witnesses:
            time = cosigned_at(self.note, witness)
            if time is None:
                en, zh = (
                    f"Witness {witness.name} has not cosigned this checkpoint.",
                    f"见证方 {witness.name} 未对该检查点会签。",
                )
                self.verdict.notes.append((en, zh))
                continue
            self.verdict.witnesses += 1
            at = self.when(datetime.fromtimestamp(min(time, 1 << 36), timezone.utc).isoformat())  # noqa: UP017 - Python 3.9 has no UTC
            self.verdict.proven.append(
                (
                    f"Witness {witness.name} cosigned the same checkpoint at {at}: no other trail was shown to it.",
                    f"见证方 {witness.name} 于 {at} 会签了同一检查点：未向其出示另一份存证。",
                )
            )

    def statement(self) -> None:
        """What the trail says of the case under its signature: a false one can be held against whoever signed
        it.
        """
        note = read_note(self.text("statement"), "statement")
        require_signed(note, self.key, "statement")
        try:
            first, *lines = note.text[:-1].split("\n")
            claims = dict(line.split(" ", 1) for line in lines)
            self.case, self.count, self.last = (
                claims["case"],
                number_of(claims["records"]),
                number_of(claims["last"]),
            )
            same = (first, number_of(claims["size"]), base64_of(claims["root"])) == (
                f"{self.key.name}/case-evidence",
                self.size,
                self.root,
            )
            self.files_hash = claims["files"]
        except (ValueError, KeyError):
            raise BrokenError("the statement can't be read", "声明无法读取") from None
        require(same, "the statement is about another checkpoint", "声明所指的检查点不同")
        require(self.count > 0, "the statement is about no record", "声明未涉及任何记录")

    def list_of_files(self) -> None:
        listed = self.text("files.sha256")
        holds = hashlib.sha256(listed).hexdigest() == self.files_hash
        require(holds, "the list of files is not the one the trail signed", "文件清单不是存证签署的那一份")
        parts = [line.partition("  ") for line in listed.decode("utf-8", "replace").splitlines()]
        digests = {name: hashed for hashed, _, name in parts}
        names = {name for name in self.files if name not in OWN_PROOFS and not name.endswith(".tlog-proof")}
        for name in sorted(names - set(digests)):
            raise BrokenError(
                f"{name} was put into the bundle: the trail did not make it", f"{name} 系事后放入，非存证所出"
            )
        for name, hashed in digests.items():
            if hashlib.sha256(self.text(name)).hexdigest() != hashed:
                raise BrokenError(*self.altered(name))

    @staticmethod
    def altered(name: str) -> Words:
        if name.startswith("timeline"):
            return (
                f"{name} is not the timeline the trail made: it was forged. A timeline is only an aid; the records are the evidence",
                f"{name} 不是存证生成的时间线，系伪造。时间线只供阅读，记录才是证据",
            )
        return f"{name} was altered: it is not the file the trail made", f"{name} 被改动：不是存证所出的文件"

    def record(self, number: int) -> None:
        previous = self.records[-1].header["index"] if self.records else None
        name = f"records/{number:04d}"
        en, zh = (
            f"record {number} of the case is missing: it was left out",
            f"事项第 {number} 条记录缺失：被抽走",
        )
        require(f"{name}.rec" in self.files, en, zh)
        header = self.in_tree(name)
        require(
            header.get("case") == self.case, f"{name} is a record of another case", f"{name} 是另一事项的记录"
        )
        holds = (header.get("number"), header.get("previous")) == (number, previous)
        en, zh = (
            f"{name} does not follow the record before it: a record was left out or moved",
            f"{name} 与前一条不相接：有记录被抽走或调换",
        )
        require(holds, en, zh)
        self.records.append(self.content(name, header))
        if header.get("distrust") is not None:
            en, zh = DISTRUST.get(str(header["distrust"]), (str(header["distrust"]),) * 2)
            self.verdict.notes.append(
                (
                    f"Record {number} is of a message that is not authentic: {en}. Nobody did what it says.",
                    f"第 {number} 条所记消息不真实：{zh}。其所称之事无人作出。",
                )
            )
        at, subject, case_number = (
            self.when(header.get("broker")),
            str(header.get("subject")),
            header.get("number"),
        )
        self.verdict.lines.append(
            f"{case_number:>5}  #{header['index']:<9} {at}  {subject.rsplit('.', 1)[-1]}"
        )

    def in_tree(self, name: str) -> dict[str, Any]:
        """The header of a record, once it is shown to stand in the tree."""
        raw, proof = self.text(f"{name}.rec"), self.text(f"{name}.tlog-proof")
        header = json_of(raw, f"{name}.rec")
        index = header.get("index")
        try:
            above, _, note = proof.decode("utf-8").partition("\n\n")
            first, place, *hashes = [line for line in above.split("\n") if not line.startswith("extra ")]
            path = [base64_of(line) for line in hashes]
            holds = first == "c2sp.org/tlog-proof@v1" and place == f"index {index}" and isinstance(index, int)
            same = note.encode() == self.files["checkpoint"]
        except ValueError:
            raise BrokenError(f"{name}.tlog-proof can't be read", f"{name}.tlog-proof 无法读取") from None
        require(
            holds, f"{name}.tlog-proof is a proof of another record", f"{name}.tlog-proof 证明的是另一条记录"
        )
        require(
            same, f"{name}.tlog-proof is against another checkpoint", f"{name}.tlog-proof 所依据的检查点不同"
        )
        holds = root_from(header["index"], self.size, leaf_of(raw), path) == self.root
        en, zh = (
            f"{name}.rec is not the record that stands in the trail: it was altered",
            f"{name}.rec 不是存证中的记录：被改动",
        )
        require(holds, en, zh)
        if isinstance(header.get("follows"), str):
            self.follows(header["follows"])
        return header

    def follows(self, raw: str) -> None:
        """The first record of a trail that follows an ended one holds the note about its end."""
        note = read_note(raw.encode(), "the end of the trail before")
        lines = note.text[:-1].split("\n")
        require(
            lines[0] == "fenghuo trail ended" and len(lines) == 5,
            "this is no note about the end of a trail",
            "这不是前一存证终止的签注",
        )
        try:
            same = "+" in lines[4] and read_key(lines[4], ED25519) == self.key
        except (OSError, ValueError):
            same = False
        en = f"the trail before ({lines[1]}) has named another key for what follows it than the one you gave"
        require(same, en, f"前一存证（{lines[1]}）所指定的后续公钥不是所给公钥")
        if self.ended is None:
            en = f"That the trail before ({lines[1]}) was ended so: its public key was not given (--follows)."
            self.verdict.unproven.append(
                (en, f"前一存证（{lines[1]}）确系如此终止：未给出其公钥（--follows）。")
            )
            return
        require_signed(note, self.ended, "the end of the trail before")
        en = f"The trail follows {lines[1]}, which ended with {lines[2]} records and named this key, under its own signature."
        self.verdict.proven.append(
            (en, f"本存证承接 {lines[1]}：后者终止于 {lines[2]} 条记录，并以其签名指定本公钥。")
        )

    def content(self, name: str, header: dict[str, Any]) -> Proven:
        """The message of a record as far as the bundle has it, each part shown to be what was recorded."""
        salts = json_of(self.files.get(f"{name}.salts.json", b"{}"), f"{name}.salts.json")
        fact, plain = self.files.get(f"{name}.fact.json"), self.files.get(f"{name}.plain.json")
        recorded = mapping(header.get("personal"))
        if fact is not None:
            en, zh = (
                f"{name}.fact.json is not the message that was recorded: it was altered",
                f"{name}.fact.json 不是在案的原文：被改动",
            )
            require(digest(salts.get("message"), fact) == header.get("digest"), en, zh)
            return Proven(name, header, fact, json_or_nothing(fact), frozenset())
        if plain is None:
            return Proven(name, header, None, {}, frozenset((WHOLE, *recorded)))
        en, zh = (
            f"{name}.plain.json is not what was recorded: it was altered",
            f"{name}.plain.json 不是在案的内容：被改动",
        )
        require(digest(salts.get("plain"), plain) == header.get("plain"), en, zh)
        fields = mapping(salts.get("fields"))
        for path, value in fields.items():
            shown = cast("list[Any]", value) if isinstance(value, list) and value[1:] else [None, ""]
            holds = path in recorded and digest(shown[0], str(shown[1]).encode()) == recorded[path]
            require(
                holds,
                f"{name}: the field {path} is not what was recorded",
                f"{name}：字段 {path} 不是在案的内容",
            )
        return Proven(name, header, None, json_or_nothing(plain), frozenset(recorded.keys() - fields.keys()))

    def whole(self) -> None:
        first, last = self.records[0].header, self.records[-1].header
        begins, ends = self.when(first.get("broker")), self.when(last.get("broker"))
        require(
            last["index"] == self.last,
            "the statement names another last record",
            "声明所指的最后一条记录不同",
        )
        self.verdict.proven.append(
            (
                f"All {self.count} records of case {self.case} stand in the trail, unaltered, numbered 1 to {self.count} without a gap,"
                f" stored from {begins} to {ends}.",
                f"事项 {self.case} 的 {self.count} 条记录均在存证之中，未被改动，自 1 至 {self.count} 连续编号，"
                f"入库时间自 {begins} 至 {ends}。",
            )
        )
        shown = sum(one.fact is not None for one in self.records)
        self.verdict.proven.append(
            (
                f"{shown} of {self.count} messages are here whole, and each is the one that was recorded.",
                f"{self.count} 条中有 {shown} 条附有完整原文，且均为在案原文。",
            )
        )
        if "tail/records" in self.files:
            self.tail()
        else:
            self.verdict.unproven.append(
                (
                    f"That the case has no record after #{self.last} up to this checkpoint. The trail says so under its signature:"
                    " a later record of this case would convict it of a false statement.",
                    f"截至该检查点，事项在 #{self.last} 之后再无记录。存证已就此签字声明：如另有该事项记录，即可证明其声明不实。",
                )
            )

    def tail(self) -> None:
        """Every record after the case's last, up to the checkpoint: none is of this case."""
        content, at = self.text("tail/records"), 0
        records: list[bytes] = []
        while at < len(content):
            end = at + 2 + int.from_bytes(content[at : at + 2], "big")
            records.append(content[at + 2 : end])
            at = end
        start = self.last + 1
        try:
            peaks = [bytes.fromhex(line) for line in self.text("tail/peaks").decode("ascii").split()]
            holds = (
                at == len(content)
                and len(peaks) == bin(start).count("1")
                and all(len(one) == 32 for one in peaks)
            )
            holds = (
                holds
                and start + len(records) == self.size
                and root_of_tail(start, peaks, records) == self.root
            )
        except ValueError:
            holds = False
        en, zh = (
            "the records after the case's last are not those of the trail",
            "事项最后一条之后的记录与存证不符",
        )
        require(holds, en, zh)
        for index, raw in enumerate(records, start):
            en, zh = (
                f"record {index} is of this case and was left out of it",
                f"第 {index} 条属于本事项，却未列入",
            )
            require(json_of(raw, f"tail/records #{index}").get("case") != self.case, en, zh)
        self.verdict.proven.append(
            (
                f"The case has no later record up to this checkpoint: all {len(records)} after #{self.last} are here, none is of it.",
                f"截至该检查点本事项再无记录：#{self.last} 之后的 {len(records)} 条记录全部在此，均不属于本事项。",
            )
        )

    def others(self) -> None:
        """The policy the case was decided under, and why something of a message is not here."""
        texts = {
            hashlib.sha256(text).hexdigest()[:16]: name
            for name, text in self.files.items()
            if name.startswith("policy/") and name.endswith(".yaml")
        }
        for name in sorted(self.files):
            if name.startswith("policy/") and name.endswith(".rec"):
                self.content(name[:-4], self.in_tree(name[:-4]))
        named = {str(policy) for one in self.records if (policy := self.policy_of(one))}
        for label in sorted(named):
            hashed = label.rpartition("sha256:")[2]
            if hashed in texts:
                self.verdict.proven.append(
                    (
                        f"{texts[hashed]} is the policy the case was decided under: its digest stands in the decisions ({label}).",
                        f"{texts[hashed]} 即本事项裁量所依的制度文本：其摘要载于各项决定（{label}）。",
                    )
                )
            else:
                self.verdict.notes.append(
                    (f"The policy {label} is not in the bundle.", f"包内没有制度文本 {label}。")
                )
        if self.redacted:
            self.verdict.notes.append(
                (
                    "Names and the free text of people were left out, as this bundle was asked for; what is shown is what was recorded.",
                    "按申请，本证据包未含姓名和个人所写文字；所示内容与在案一致。",
                )
            )
            return
        for proven in self.records:
            if proven.missing and proven.header.get("form") == "fact":
                self.erased(proven)

    def attached(self) -> None:
        """Files that the records name: each is the one whose hash stands on record, or it is not here."""
        named: dict[str, tuple[object, str]] = {}
        first: dict[str, int] = {}
        for proven in self.records:
            if proven.header.get("distrust") is None:
                for file in items(mapping(proven.shown.get("data")).get("files")):
                    sha256, name = mapping(file).get("sha256"), mapping(file).get("name")
                    named.setdefault(str(sha256), (proven.header["number"], str(name or sha256)))
                    first.setdefault(str(sha256), proven.header["index"])
        here: set[str] = set()
        for path in sorted(name for name in self.files if name.startswith("files/")):
            hashed, claimed = hashlib.sha256(self.files[path]).hexdigest(), path[6:].partition(".")[0]
            number, name = named.get(claimed, (None, path))
            require(
                number is not None,
                f"{path} was put into the bundle: no record of the case names it",
                f"{path} 系事后放入：本事项没有记录列出它",
            )
            require(
                hashed == claimed,
                f"{path} ({name!a}) is not the file that record {number} names: it was altered",
                f"{path}（{name}）不是第 {number} 条记录所列的文件：被改动",
            )
            here.add(claimed)
        if here:
            self.verdict.proven.append(
                (
                    f"{len(here)} of the {len(named)} files that the records name are here,"
                    " and each is the one whose hash stands on record.",
                    f"在案记录所列 {len(named)} 个文件中有 {len(here)} 个附于包内，且均与在案的哈希值一致。",
                )
            )
        for sha256, (number, name) in named.items():
            if sha256 in here:
                continue
            order = next((one for one in self.orders_after(first[sha256]) if erases(one[1], sha256)), None)
            if order is not None:
                self.erased_file(name, number, sha256, *order)
            else:
                self.verdict.notes.append(
                    (
                        f"The file {name} that record {number} names is not in the bundle; its hash on record is {sha256}.",
                        f"第 {number} 条所列文件 {name} 不在包内；其在案的哈希值为 {sha256}。",
                    )
                )

    def erased_file(
        self, name: str, number: object, sha256: str, order: Proven, data: dict[str, Any]
    ) -> None:
        who, basis = mapping(data.get("by")).get("principal"), data.get("legal_basis")
        at, by_number = self.when(order.header.get("broker")), order.header["number"]
        self.verdict.notes.append(
            (
                f"The file {name} that record {number} names was erased: ordered at {at} by {who} on the basis of {basis}"
                f" (record {by_number}). Its hash stays on record: {sha256}.",
                f"第 {number} 条所列文件 {name} 已清除：{who} 于 {at} 依据{basis}决定（第 {by_number} 条）。"
                f"其哈希值仍在案：{sha256}。",
            )
        )

    @staticmethod
    def policy_of(proven: Proven) -> Any:
        decided = is_of(proven, "decided")
        return mapping(proven.shown.get("data")).get("policy") if decided else None

    def erased(self, proven: Proven) -> None:
        """What is not here must have been erased by an order that stands on record in the same case, after
        it.
        """
        number, index, missing = proven.header["number"], proven.header["index"], proven.missing
        orders = [
            (order, data, fields)
            for order, data in self.orders_after(index)
            if (fields := erased_by(data, index))
        ]
        covered = {field for _, _, fields in orders for field in fields}
        en = f"something of the message of record {number} is missing, and no order on record in this case says that it was erased"
        require(
            WHOLE in covered or missing <= covered,
            en,
            f"第 {number} 条的原文有缺失，而本事项在案记录中没有清除它的决定",
        )
        for order, data, fields in orders:
            who, basis = mapping(data.get("by")).get("principal"), data.get("legal_basis")
            at, by_number, whole = (
                self.when(order.header.get("broker")),
                order.header["number"],
                WHOLE in fields,
            )
            en = f"Of record {number} {'the message' if whole else ', '.join(sorted(fields))} was erased: ordered at {at} by {who}"
            zh = f"第 {number} 条的{'原文' if whole else '、'.join(sorted(fields))}已清除：{who} 于 {at} 依据{basis}决定"
            en += f" on the basis of {basis} (record {by_number}). Its digest stays in the record."
            self.verdict.notes.append((en, f"{zh}（第 {by_number} 条）。其摘要仍在案。"))

    def orders_after(self, index: int) -> list[tuple[Proven, dict[str, Any]]]:
        """The orders to erase that stand on record in this case after a record, by whoever may give them."""
        redactions = [(one, mapping(one.shown.get("data"))) for one in self.records if is_of(one, "redacted")]
        return [
            (one, data)
            for one, data in redactions
            if one.header["index"] > index and mapping(data.get("by")).get("role") == "redactor"
        ]

    def not_proven(self) -> None:
        self.verdict.unproven += [
            (
                "That what people reported is true: proven is who said what when.",
                "所报内容属实：所证明的是何人何时说了什么。",
            ),
            (
                "The names of people, units and duties in the timeline: they come from the directory. The timeline is an aid to reading;"
                " the records are the evidence.",
                "时间线中的人名、单位名和职责名：取自名录。时间线只供阅读，记录才是证据。",
            ),
        ]
        if not self.verdict.witnesses:
            self.verdict.unproven.append(
                (
                    "That nobody was shown another trail: no witness's key was given that cosigned this checkpoint.",
                    "未向他人出示另一份存证：未给出会签了该检查点的见证方公钥。",
                )
            )

    def receipt(self, text: str, pem: bytes) -> None:
        """A unit's own receipt (compact JWS of intake) against the records."""
        try:
            key = load_pem_public_key(pem)
            head, body, signature = text.strip().split(".")
            if not isinstance(key, Ed25519PublicKey):
                raise TypeError
            key.verify(url64(signature), f"{head}.{body}".encode("ascii"))
            claims = json_of(url64(body), "receipt")
        except InvalidSignature:
            raise BrokenError("the receipt is not signed by the key given", "回执未由所给公钥签名") from None
        except (ValueError, TypeError):
            raise BrokenError("this is no receipt, or no key for one", "这不是回执，或不是回执公钥") from None
        proven = next((one for one in self.records if one.header["sequence"] == claims.get("sequence")), None)
        if proven is None:
            raise BrokenError(
                "no record of this case is the one the receipt names", "本事项没有回执所指的记录"
            )
        header = proven.header
        same = (header.get("message_id"), header.get("case")) == (claims.get("fact"), claims.get("case"))
        same = same and is_of_receipt(claims.get("time"), header.get("broker"))
        same = same and (
            proven.fact is None or hashlib.sha256(proven.fact).hexdigest() == claims.get("sha256")
        )
        require(same, "the receipt and the record differ: keep both", "回执与记录不一致：请一并保存")
        self.verdict.proven.append(
            (
                f"The receipt belongs to record {header['number']}: recorded at {self.when(header['broker'])} as #{header['index']}.",
                f"回执对应第 {header['number']} 条：于 {self.when(header['broker'])} 在案，存证第 {header['index']} 条。",
            )
        )


def is_of(proven: Proven, kind: str) -> bool:
    """A message that is not authentic is of no kind, whatever its subject says."""
    return proven.header.get("distrust") is None and str(proven.header.get("subject")).endswith(f".{kind}")


def is_of_receipt(receipt: object, record: object) -> bool:
    """Whether both tell the time of the same fact."""
    try:
        said, recorded = (
            datetime.fromisoformat(str(stamp).replace("Z", "+00:00")) for stamp in (receipt, record)
        )
        return abs(said - recorded) <= RECEIPT_TOLERANCE
    except (ValueError, TypeError, OverflowError):
        return False


def erased_by(order: dict[str, Any], index: int) -> set[str]:
    """The fields of a record that an order names."""
    entries = [mapping(entry) for entry in items(order.get("entries"))]
    return {
        field
        for entry in entries
        if entry.get("index") == index
        for field in items(entry.get("fields"))
        if isinstance(field, str)
    }


def erases(order: dict[str, Any], sha256: str) -> bool:
    """Whether an order is about the content of this file."""
    return any(sha256 in items(mapping(entry).get("files")) for entry in items(order.get("entries")))


def items(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def json_or_nothing(raw: bytes) -> dict[str, Any]:
    """A message may be anything; one that is no JSON object says nothing here."""
    try:
        return mapping(json.loads(raw.decode("utf-8")))
    except (ValueError, RecursionError):
        return {}


def number_of(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19) or (text[0] == "0" and text != "0"):
        raise ValueError(text)
    return int(text)


def url64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))


def digest(salt: object, content: bytes) -> str:
    """ "" for a salt that is none."""
    try:
        return hashlib.sha256(bytes.fromhex(salt) + content).hexdigest() if isinstance(salt, str) else ""
    except ValueError:
        return ""


# --- the command
# ------------------------------------------------------------------------------------------------------

HEADINGS = {
    "holds": ("ALL THAT WAS CHECKED HOLDS.", "核验通过：所核各项均成立。"),
    "witnesses": (
        "IT HOLDS, BUT FEWER WITNESSES COSIGNED THAN DEMANDED.",
        "各项成立，但会签的见证方少于要求。",
    ),
    "broken": ("DOES NOT HOLD: ", "核验不通过："),
    "proven": ("Proven:", "已证明："),
    "unproven": ("Not proven:", "未证明："),
    "notes": ("To be noted:", "请注意："),
    "lines": (
        "The records (number in the case, place in the trail, when stored, what):",
        "各条记录（事项内序号、存证序号、入库时间、内容）：",
    ),
}


def tell(verdict: Verdict, heading: str, language: int) -> str:
    lines = [HEADINGS[heading][language]]
    for part in ("proven", "unproven", "notes"):
        said: list[Words] = getattr(verdict, part)
        if said:
            lines += [HEADINGS[part][language], *(f"  - {words[language]}" for words in said)]
    return "\n".join(lines)


def written_out(text: str) -> str:
    """For a terminal: a letter that would do something there, or can't be seen, is written out: a bundle may
    be a forger's.
    """
    return "".join(one if one.isprintable() or one in "\n\t" else f"<U+{ord(one):04X}>" for one in text)


def stop(code: int, *lines: str) -> NoReturn:
    for line in lines:
        print(written_out(line))  # noqa: T201
    sys.exit(code)


def check(
    path: Path | IO[bytes],
    vkey: str,
    witnesses: list[str],
    receipt: tuple[str, bytes] | None = None,
    follows: str | None = None,
) -> Verdict:
    """Raises BrokenError for what does not hold, ValueError for a key that is none."""
    key, others = read_key(vkey, ED25519), [read_key(one, COSIGNATURE, ED25519) for one in witnesses]
    if len({one.public for one in (key, *others)}) <= len(others):
        raise ValueError(
            "a witness has the trail's own key, or is named twice / 所给见证方公钥与存证公钥相同，或重复给出"
        )
    bundle = Bundle(read_bundle(path), key, read_key(follows, ED25519) if follows else None)
    bundle.check(others)
    if receipt is not None:
        bundle.receipt(*receipt)
    return bundle.verdict


def main(arguments: list[str]) -> NoReturn:
    command = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.add_argument("key")
    command.add_argument("bundle", nargs="?", type=Path, default=Path(__file__).parent)
    command.add_argument("--witness", action="append", default=[])
    command.add_argument("--quorum", type=int)
    command.add_argument("--receipt", type=Path)
    command.add_argument("--receipt-key", type=Path)
    command.add_argument("--follows")
    command.add_argument("--list", action="store_true")
    command.add_argument("--language", choices=("en", "zh"))
    options = command.parse_args(arguments)
    languages = [1, 0] if options.language is None else [("en", "zh").index(options.language)]
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    try:
        receipt = (
            (options.receipt.read_text(encoding="utf-8"), options.receipt_key.read_bytes())
            if options.receipt and options.receipt_key
            else None
        )
        if (options.receipt is None) != (options.receipt_key is None):
            stop(USAGE, "--receipt and --receipt-key go together / --receipt 与 --receipt-key 须同时给出")
        verdict = check(options.bundle, options.key, options.witness, receipt, options.follows)
    except BrokenError as error:
        stop(BROKEN, *(HEADINGS["broken"][language] + error.words[language] for language in languages))
    except (OSError, ValueError) as error:
        stop(USAGE, f"verify.py: {error}")
    except Exception as error:  # whatever a forger thought of ends in words, never in a yes
        stop(
            BROKEN,
            *(HEADINGS["broken"][language] + f"{type(error).__name__}: {error}" for language in languages),
        )
    if options.list:
        print(  # noqa: T201
            written_out(
                "\n".join([*(HEADINGS["lines"][language] for language in languages), *verdict.lines, ""])
            )
        )
    short = verdict.witnesses < (
        options.quorum if options.quorum is not None else min(1, len(options.witness))
    )
    heading = "witnesses" if short else "holds"
    stop(
        NOT_WITNESSED if short else HOLDS,
        "\n\n".join(tell(verdict, heading, language) for language in languages),
    )


if __name__ == "__main__":
    main(sys.argv[1:])
