"""What happens to a text on its way: bytes change, go, come in, lines change places. Valid ones stay among
them, so that both are met.
"""

from hypothesis import strategies as st

_BYTES = [
    b"\n",
    b" ",
    b"+",
    b"=",
    b"/",
    b"0",
    b"1",
    b"9",
    b"A",
    b"a",
    b"\x00",
    b"\r",
    b"\t",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"-",
    b".",
]
_PIECES = [
    *_BYTES,
    b"\n\n",
    "— ".encode(),
    "\u00a0".encode(),
    "\u0661".encode(),
    b"old ",
    b"index ",
    b"extra ",
    b"time ",
    b"==",
    b"00",
]


@st.composite
def mutated(draw: st.DrawFn, valid: bytes, most: int = 3) -> bytes:
    raw = valid
    for _ in range(draw(st.integers(0, most))):
        at = draw(st.integers(0, len(raw)))
        match draw(
            st.sampled_from(
                ["replace", "insert", "cut", "flip", "repeat line", "drop line", "swap lines", "end"]
            )
        ):
            case "replace":
                raw = raw[:at] + draw(st.sampled_from(_BYTES)) + raw[at + 1 :]
            case "insert":
                raw = raw[:at] + draw(st.sampled_from(_PIECES)) + raw[at:]
            case "cut":
                raw = raw[:at] + raw[at + draw(st.integers(1, 40)) :]
            case "flip" if at < len(raw):
                raw = raw[:at] + bytes([raw[at] ^ 1 << draw(st.integers(0, 7))]) + raw[at + 1 :]
            case "end":
                raw = raw[:at] if draw(st.booleans()) else raw + draw(st.sampled_from(_PIECES))
            case change:
                raw = _lines(raw.split(b"\n"), change, draw(st.integers(0, 9)), draw(st.integers(0, 9)))
    return raw


def _lines(lines: list[bytes], change: str, one: int, other: int) -> bytes:
    one, other = one % len(lines), other % len(lines)
    match change:
        case "repeat line":
            lines.insert(other, lines[one])
        case "drop line":
            del lines[one]
        case _:
            lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)
