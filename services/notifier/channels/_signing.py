"""Signs a request as the gateway's description names it. Pure: time and nonce are arguments.

Invariant: what is signed is what is sent, byte for byte: address and body are encoded before.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import orjson
from yarl import URL

from services.notifier.channels._description import (
    Acs3,
    Basic,
    DingTalkRobot,
    FeishuRobot,
    Hmac,
    Signing,
    Tc3,
)
from services.notifier.channels._fill import GatewayRequest, encoded_pairs

Secrets = Mapping[str, str]


def sign(
    request: GatewayRequest,
    signing: Signing,
    secrets: Secrets,
    *,
    at: datetime,
    nonce: str,
    message: str = "",
) -> None:
    match signing:
        case Acs3():
            acs3(request, secrets, at, nonce)
        case Tc3():
            tc3(request, secrets, signing.service, at)
        case Basic():
            pair = f"{secrets['key_id']}:{secrets['key']}".encode()
            request.headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        case DingTalkRobot():
            dingtalk(request, secrets["key"], at)
        case FeishuRobot():
            feishu(request, secrets["key"], at)
        case Hmac():
            any_hmac(request, signing, secrets["key"], at, nonce, message)


def acs3(request: GatewayRequest, secrets: Secrets, at: datetime, nonce: str) -> None:
    """Alibaba Cloud's signature, version 3."""
    content = _sha256(request.body or b"")
    request.headers |= {
        "x-acs-content-sha256": content,
        "x-acs-date": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": nonce,
    }
    signed = {"host": _host(request.url)} | {
        name.lower(): value.strip()
        for name, value in request.headers.items()
        if name.lower().startswith("x-acs-") or name.lower() == "content-type"
    }
    names = ";".join(sorted(signed))
    query = "&".join(sorted(request.url.raw_query_string.split("&"))) if request.url.raw_query_string else ""
    lines = [
        request.method,
        request.url.raw_path or "/",
        query,
        *(f"{name}:{signed[name]}" for name in sorted(signed)),
        "",
        names,
        content,
    ]
    to_sign = f"ACS3-HMAC-SHA256\n{_sha256(chr(10).join(lines).encode())}"
    signature = _hmac(secrets["key"].encode(), to_sign).hex()
    request.headers["Authorization"] = (
        f"ACS3-HMAC-SHA256 Credential={secrets['key_id']},SignedHeaders={names},Signature={signature}"
    )


def tc3(request: GatewayRequest, secrets: Secrets, service: str, at: datetime) -> None:
    """Tencent Cloud's signature, version 3."""
    timestamp, day = str(int(at.timestamp())), f"{at.astimezone(UTC):%Y-%m-%d}"
    request.headers["X-TC-Timestamp"] = timestamp
    given = {name.lower(): value.strip().lower() for name, value in request.headers.items()}
    signed = {
        "content-type": given["content-type"],
        "host": _host(request.url),
        "x-tc-action": given["x-tc-action"],
    }
    names = ";".join(signed)
    headers = "".join(f"{name}:{value}\n" for name, value in signed.items())
    canonical = "\n".join(
        (
            request.method,
            request.url.raw_path or "/",
            request.url.raw_query_string,
            headers,
            names,
            _sha256(request.body or b""),
        )
    )
    scope = f"{day}/{service}/tc3_request"
    to_sign = f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{_sha256(canonical.encode())}"
    key = _hmac(_hmac(_hmac(f"TC3{secrets['key']}".encode(), day), service), "tc3_request")
    request.headers["Authorization"] = (
        f"TC3-HMAC-SHA256 Credential={secrets['key_id']}/{scope}, SignedHeaders={names}, "
        f"Signature={_hmac(key, to_sign).hex()}"
    )


def dingtalk(request: GatewayRequest, key: str, at: datetime) -> None:
    timestamp = str(int(at.timestamp() * 1000))
    signature = base64.b64encode(_hmac(key.encode(), f"{timestamp}\n{key}")).decode()
    pairs = encoded_pairs({"timestamp": timestamp, "sign": signature})
    joint = "&" if request.url.raw_query_string else "?"
    request.url = URL(f"{request.url}{joint}{pairs}", encoded=True)


def feishu(request: GatewayRequest, key: str, at: datetime) -> None:
    """The text is the key here, and nothing is what is signed."""
    timestamp = str(int(at.timestamp()))
    signature = base64.b64encode(_hmac(f"{timestamp}\n{key}".encode(), "")).decode()
    body = cast(dict[str, Any], orjson.loads(request.body or b"{}"))
    request.body = orjson.dumps({"timestamp": timestamp, "sign": signature, **body})


def any_hmac(
    request: GatewayRequest, signing: Hmac, key: str, at: datetime, nonce: str, message: str
) -> None:
    timestamp = str(int(at.timestamp()))
    parts = {
        "{method}": request.method,
        "{path}": request.url.raw_path,
        "{query}": request.url.raw_query_string,
        "{timestamp}": timestamp,
        "{nonce}": nonce,
        "{id}": message,
        "{body}": (request.body or b"").decode(),
    }
    request.headers |= {
        signing.header: hmac_written(signing, key, parts),
        signing.timestamp_header: timestamp,
        signing.nonce_header: nonce,
    }


def hmac_written(signing: Hmac, key: str, parts: Mapping[str, str]) -> str:
    """The signature as its header says it. `parts`: what `over` may name, the body last, so that nothing in
    it is filled in.
    """
    over = signing.over
    for name, value in parts.items():
        over = over.replace(name, value)
    digest = hmac.new(key.encode(), over.encode(), signing.hash).digest()
    written = digest.hex() if signing.encoding == "hex" else base64.b64encode(digest).decode()
    return f"{signing.prefix}{written}"


def _host(url: URL) -> str:
    return url.host or "" if url.is_default_port() else url.authority


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
