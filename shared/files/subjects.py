"""Where a file's content, and what is known of it, lies in the object stores FILES and UPLOADS. Pure."""

import base64
import hashlib

from shared.streams import FILES, UPLOADS


def file_entry(sha256: str, bucket: str = FILES) -> str:
    """Where the entry of a content lies."""
    return f"$O.{bucket}.M.{base64.urlsafe_b64encode(sha256.encode()).decode()}"


def file_pieces(nuid: str, bucket: str = FILES) -> str:
    return f"$O.{bucket}.C.{nuid}"


def file_brought(sha256: str, principal: str) -> str:
    """Where it stands that this principal has brought the content, and so may name it."""
    return file_brought_by(sha256, hashlib.sha256(principal.encode()).hexdigest()[:32])


def file_brought_by(sha256: str, who: str = "*") -> str:
    return f"$O.{UPLOADS}.B.{sha256}.{who}"


def file_named(sha256: str, case: str) -> str:
    """Where it stands that a fact of this case names the content; `*` for any case."""
    return f"$O.{FILES}.N.{sha256}.{case}"
