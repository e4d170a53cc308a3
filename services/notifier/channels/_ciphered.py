"""What ciphered call-backs share: AES-CBC. Pure.

Invariant: nothing deciphered is believed before its signature; what can't be deciphered is refused in
the same words as a wrong signature, so that nobody learns the cipher by trying.
"""

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from services.notifier.channels import CallBackFault, CallBackRefused


def refused(why: str) -> CallBackRefused:
    return CallBackRefused(CallBackFault.SIGNATURE, why)


def deciphered(key: bytes, start: bytes, ciphered: bytes, block: int) -> bytes:
    """Raises ValueError for what is no cipher of this key. `block`: up to which it was padded (PKCS#7)."""
    decryptor = Cipher(AES(key), CBC(start)).decryptor()
    plain = decryptor.update(ciphered) + decryptor.finalize()
    padding = plain[-1] if plain else 0
    if not 1 <= padding <= block or plain[-padding:] != bytes([padding]) * padding:
        raise ValueError("padding")
    return plain[:-padding]
