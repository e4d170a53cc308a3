"""A press on a card, as Feishu calls back with it."""

import base64
import hashlib
from datetime import datetime

import orjson
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC


def padded(content: bytes, block: int) -> bytes:
    room = block - len(content) % block
    return content + bytes([room]) * room


def feishu_press(
    message: str,
    digit: str,
    user: str,
    *,
    key: str,
    token: str,
    at: datetime,
    event: str = "f7984f25108f8137722bb63c",
) -> tuple[dict[str, str], bytes]:
    """Its headers and body: https://open.feishu.cn/document/feishu-cards/card-callback-communication"""
    content = {
        "schema": "2.0",
        "header": {
            "event_id": event,
            "token": token,
            "create_time": "1603977298000000",
            "event_type": "card.action.trigger",
            "tenant_key": "736588c9260f175e",
            "app_id": "cli_a1",
        },
        "event": {
            "operator": {"tenant_key": "736588c9260f175e", "user_id": user, "open_id": "ou_3c14f3a59eaf2825"},
            "token": "c-295ee57216a5dc9de90fefd0aadb4b1d7d",
            "action": {"value": {"message": message, "digit": digit}, "tag": "button"},
            "host": "im_message",
            "context": {
                "open_message_id": "om_574d639e4a44e4dd646eaf628e2",
                "open_chat_id": "oc_e4d2605ca917",
            },
        },
    }
    start = b"0123456789abcdef"
    encryptor = Cipher(AES(hashlib.sha256(key.encode()).digest()), CBC(start)).encryptor()
    ciphered = start + encryptor.update(padded(orjson.dumps(content), 16)) + encryptor.finalize()
    body = orjson.dumps({"encrypt": base64.b64encode(ciphered).decode()})
    timestamp, nonce = str(int(at.timestamp())), "n-1"
    signature = hashlib.sha256(f"{timestamp}{nonce}{key}".encode() + body).hexdigest()
    headers = {
        "x-lark-request-timestamp": timestamp,
        "x-lark-request-nonce": nonce,
        "x-lark-signature": signature,
    }
    return headers, body
