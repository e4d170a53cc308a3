"""`fenghuo trail proof` and `verify-proof`: that a record, or what a receipt was given for, is in the trail,
checked here.

Invariant: a proof is believed only after the record's own bytes led to a root signed by the pinned key; a
receipt only after its signature, and after the record that is proven names the fact, place and time the
receipt names.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from fenghuo.answers import AsJson, Exit, answer, fail, out
from fenghuo.client import call
from fenghuo.commands._files import write_to
from fenghuo.places import secrets_folder
from fenghuo.speech import worded
from fenghuo.trail_source import Vkey, bytes_of, pinned
from shared.message import N_
from shared.secrets import SecretFile
from shared.settings import Settings

if TYPE_CHECKING:
    from services.audit.evidence.receipts import ReceiptClaims
    from shared.tlog.cosignature import Witness
    from shared.tlog.note import Verifier

Receipt = Annotated[Path | None, typer.Option(help="A receipt: the proof must be of what it was given for.")]
ReceiptKey = Annotated[
    Path | None, typer.Option(help="Intake's public key (receipt-verify.pem). Default: this machine's own.")
]
Witnesses = Annotated[
    list[str] | None, typer.Option("--witness", help="A witness's public key; repeat it for more.")
]
Quorum = Annotated[
    int,
    typer.Option(
        min=0, help="So many of these witnesses must have cosigned (default: one, where any is named)."
    ),
]
_KEEP = N_("keep what you were given and tell those who watch over the trail")


def pinned_witnesses(vkeys: list[str], quorum: int, log_key: "Verifier") -> "list[Witness]":
    from shared.tlog.cosignature import Witness, refuse_kin
    from shared.tlog.note import NoteError

    try:
        witnesses = [
            Witness.read(vkey if "+" in vkey else bytes_of(Path(vkey)).decode(errors="replace"))
            for vkey in vkeys
        ]
        refuse_kin(witnesses, log_key)
    except NoteError as error:
        fail(
            Exit.USAGE,
            str(error),
            worded("give --witness the line `fenghuo witness init` printed, or a file with it"),
        )
    if quorum > len(witnesses):
        fail(
            Exit.USAGE,
            worded(
                "a quorum of %(quorum)s of %(count)s witnesses can't be met",
                quorum=quorum,
                count=len(witnesses),
            ),
            worded("name as many witnesses: --witness VKEY"),
        )
    return witnesses


def proof(
    index: Annotated[int | None, typer.Argument(help="The record.")] = None,
    sequence: Annotated[
        int | None, typer.Option(help="Or the sequence of the fact, as a receipt names it.")
    ] = None,
    receipt: Receipt = None,
    receipt_key: ReceiptKey = None,
    to: Annotated[Path | None, typer.Option(help="Write it as a C2SP .tlog-proof file.")] = None,
    vkey: Vkey = None,
    witness: Witnesses = None,
    quorum: Quorum = 0,
    as_json: AsJson = False,
) -> None:
    """Prove that a record is in the trail: fetched, and checked here against the pinned key."""
    claims = _claims(receipt, receipt_key) if receipt is not None else None
    if sum(named is not None for named in (index, sequence, receipt)) != 1:
        fail(
            Exit.USAGE,
            worded("name one record"),
            worded("give its index, or --sequence of the fact, or --receipt FILE"),
        )
    at = claims.sequence if claims is not None else sequence
    asked = {"index": index} if at is None else {"sequence": at}
    raw = call("audit", "GET", "/api/v1/trail/proof/inclusion.tlog-proof", params=asked).content
    result = _checked(raw, None, vkey, witness or [], quorum, claims)
    if index not in (None, result["index"]):
        _no(worded("it is of record %(index)s, not of %(index2)s", index=result["index"], index2=index))
    if to is not None:
        write_to(to, raw)
    _show(result, as_json)


def verify_proof(
    file: Annotated[Path, typer.Argument(help="A .tlog-proof file.")],
    record: Annotated[
        Path | None, typer.Option(help="The record's bytes, where the file does not carry them.")
    ] = None,
    receipt: Receipt = None,
    receipt_key: ReceiptKey = None,
    vkey: Vkey = None,
    witness: Witnesses = None,
    quorum: Quorum = 0,
    as_json: AsJson = False,
) -> None:
    """Check a proof file without asking anyone. Ends with 4 where it holds but too few of the witnesses given
    have cosigned it.
    """
    claims = _claims(receipt, receipt_key) if receipt is not None else None
    given = bytes_of(record) if record is not None else None
    _show(_checked(bytes_of(file), given, vkey, witness or [], quorum, claims), as_json)


def _checked(
    raw: bytes,
    given: bytes | None,
    vkey: str | None,
    witness: list[str],
    quorum: int,
    claims: "ReceiptClaims | None",
) -> dict[str, Any]:
    from services.audit.records.record import Rec, RecordError
    from shared.tlog import checkpoint, cosignature, merkle, note
    from shared.tlog import proof as tlog_proof

    key = pinned(vkey)
    witnesses = pinned_witnesses(witness, quorum, key)
    try:
        proof = tlog_proof.parse(raw)
        signed = checkpoint.read(proof.note.encode(), key)
        times = cosignature.cosigned(note.parse(proof.note.encode()), witnesses)
        rec_bytes = given if given is not None else proof.extra
        if rec_bytes is None:
            fail(
                Exit.USAGE,
                worded("the file does not carry the record"),
                worded("give the record's bytes: --record FILE"),
            )
        merkle.verify_inclusion(
            proof.index, signed.size, merkle.leaf_hash(rec_bytes), proof.hashes, signed.root
        )
        rec = Rec.read(rec_bytes)
    except (
        tlog_proof.TlogProofError,
        checkpoint.CheckpointError,
        note.NoteError,
        merkle.ProofError,
        RecordError,
    ) as error:
        _no(str(error))
    if rec.index != proof.index:
        _no(
            worded(
                "the record says it is record %(index)s, the proof is of %(index2)s",
                index=rec.index,
                index2=proof.index,
            )
        )
    if claims is not None:
        _of_receipt(rec, claims)
    wanted = max(quorum, 1) if witnesses else 0
    return {
        "holds": True, "index": proof.index, "sequence": rec.sequence, "fact": rec.message_id, "case": rec.case or None,
        "recorded": rec.broker,
        "size": signed.size, "signed": signed.time.isoformat(), "leaf": merkle.leaf_hash(rec_bytes).hex(), "root": signed.root.hex(),
        "cosigned": times, "witnessed": len(times) >= wanted if witnesses else None, "receipt": claims is not None,
    }  # fmt: skip


def _of_receipt(rec: Any, claims: "ReceiptClaims") -> None:
    from services.audit.evidence.receipts import differences

    if wrong := differences(claims, rec):
        _no(
            worded(
                "the record proven has another %(wrong)s than the receipt: one of the two was altered",
                wrong=", ".join(wrong),
            )
        )


def _claims(receipt: Path, receipt_key: Path | None) -> "ReceiptClaims":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    from services.audit.evidence.receipts import ReceiptError, read_receipt

    path = receipt_key or secrets_folder(Settings()) / SecretFile.RECEIPT_VERIFY
    try:
        key = load_pem_public_key(bytes_of(path))
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        fail(
            Exit.USAGE,
            worded("%(path)s is no public key of intake", path=path),
            worded("give --receipt-key: the file receipt-verify.pem of this system"),
        )
    try:
        return read_receipt(bytes_of(receipt).decode(errors="replace"), key)
    except ReceiptError as error:
        _no(str(error))


def _no(words: str) -> NoReturn:
    fail(Exit.NO, worded("the proof does not hold: %(words)s", words=words), _KEEP)


def _show(result: dict[str, Any], as_json: bool) -> None:
    def render(_: object) -> None:
        held = worded(
            "is in the trail of %(size)s, signed %(signed)s", size=result["size"], signed=result["signed"]
        )
        out.print(
            worded("[bold green]✓ record %(index)s[/] %(held)s", index=result["index"], held=held),
            highlight=False,
        )
        out.print(
            worded("  fact %(fact)s, recorded %(recorded)s", fact=result["fact"], recorded=result["recorded"])
            + (worded(": as the receipt says") if result["receipt"] else "")
        )
        out.print(
            worded("  leaf %(leaf)s\n  root %(root)s", leaf=result["leaf"], root=result["root"]),
            highlight=False,
        )
        for name in result["cosigned"]:
            out.print(
                worded("  cosigned by %(partition)s", partition=name.partition("+")[0]), highlight=False
            )
        if result["witnessed"] is False:
            out.print(
                worded("[bold yellow]? too few of the witnesses given have cosigned it[/]"), highlight=False
            )

    answer(result, as_json=as_json, render=render)
    if result["witnessed"] is False:
        raise typer.Exit(Exit.UNWITNESSED)
