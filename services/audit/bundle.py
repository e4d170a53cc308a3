"""The evidence bundle of a case: a zip that proves what happened in it to anyone who has pinned the trail's public key.

Invariant: it holds every record of the case up to its checkpoint, each chained to the one before by number and index, so that
one left out is missed; and it carries no key: whoever checks brings their own.
"""

import io
import json
import zipfile
from pathlib import Path
from zoneinfo import ZoneInfo

from services.audit.merkle import ProofError
from services.audit.query import TrailReader, entry_view, tlog_proof
from services.audit.trail import Payload, Stored
from services.audit.views import NotInTrail

_VERIFIER = Path(__file__).with_name("bundle_verify.py")

_README = """Evidence bundle of case {case}   案件证据包
{count} records up to checkpoint {size}, signed {time}.

Check it:  python3 verify.py <the trail's public key, obtained by another way>     (needs Python 3.9 and `cryptography`)
核验：     python3 verify.py <事先另行取得的公钥>

Proven: these records stood in the trail, unaltered and in this order, when the checkpoint was signed; each fact here is the
one its record speaks of; none of the case before the last one shown is left out.
Not proven: that what people reported is true; that nothing happened in the case after the last record shown; that no other
trail was shown to somebody else (compare checkpoints for that).
已证明：所列记录在检查点签署时已在案、未被改动、次序如此；所附事实与记录相符；最后一条之前无遗漏。
未证明：所报内容属实；最后一条之后再无事项；未向他人出示另一本账（请比对检查点）。
"""


async def case_bundle(reader: TrailReader, case_id: str, zone: ZoneInfo) -> bytes:
    signed = await reader.checkpoint()
    stored = await reader.stored_case(case_id, signed.size)
    if not stored:
        raise NotInTrail(f"no record of a case {case_id} is covered by a checkpoint")
    payloads = await reader.payloads([entry.index for entry in stored])
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("README.txt", _README.format(case=case_id, count=len(stored), size=signed.size, time=signed.time))
        bundle.writestr("checkpoint", signed.note)
        bundle.writestr("verify.py", _VERIFIER.read_text())
        bundle.writestr("timeline.txt", _timeline(stored, payloads, zone))
        for number, entry in enumerate(stored, 1):
            name = f"records/{number:04d}"
            try:
                hashes = await reader.path(entry.index, signed.size)
            except ProofError as error:
                raise NotInTrail(str(error)) from None
            bundle.writestr(f"{name}.rec", entry.rec)
            bundle.writestr(f"{name}.tlog-proof", tlog_proof(entry.index, hashes, signed.note))
            payload = payloads.get(entry.index)
            if payload is not None and payload.raw is not None:
                bundle.writestr(f"{name}.fact.json", payload.raw)
                bundle.writestr(f"{name}.salt", payload.salt.hex())
        bundle.writestr("bundle.json", json.dumps({"case": case_id, "records": len(stored), "size": signed.size}))
    return content.getvalue()


def _timeline(stored: list[Stored], payloads: dict[int, Payload], zone: ZoneInfo) -> str:
    lines: list[str] = []
    for entry in stored:
        seen = entry_view(entry, payloads.get(entry.index))
        at = seen.time.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
        lines.append(
            "  ".join([at, f"#{seen.number}", seen.kind, " ".join(seen.outcomes), " ".join(seen.persons), seen.text or ""]).rstrip()
        )
    return "\n".join(lines) + "\n"
