"""What ciphered call-backs share: AES-CBC, and how far their time may be from ours. Pure.

Invariant: nothing deciphered is believed before its signature; what can't be deciphered is refused in the same
words as a wrong signature, so that nobody learns the cipher by trying.
"""

from datetime import UTC, datetime

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from services.notifier.channels import CallBackFault, CallBackRefused
from services.notifier.channels._call_backs import LATE
from shared.message import N_


def refused(why: str) -> CallBackRefused:
    return CallBackRefused(CallBackFault.SIGNATURE, why)


def in_time(timestamp: str, now: datetime) -> None:
    """Raises CallBackRefused for a time that is none, or too far from ours. Seconds since 1970."""
    try:
        ahead = datetime.fromtimestamp(int(timestamp), UTC) - now
    except (ValueError, OverflowError, OSError):
        raise refused(N_("the time of the signature is none")) from None
    if abs(ahead) > LATE:
        raise CallBackRefused(
            CallBackFault.CLOCK, N_("the time of the signature is too far from ours"), ahead
        )


def deciphered(key: bytes, start: bytes, ciphered: bytes, block: int) -> bytes:
    """Raises ValueError for what is no cipher of this key. `block`: up to which it was padded (PKCS#7)."""
    decryptor = Cipher(AES(key), CBC(start)).decryptor()
    plain = decryptor.update(ciphered) + decryptor.finalize()
    padding = plain[-1] if plain else 0
    if not 1 <= padding <= block or plain[-padding:] != bytes([padding]) * padding:
        raise ValueError("padding")
    return plain[:-padding]
