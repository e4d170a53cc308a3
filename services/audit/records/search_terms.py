"""What a record is found by: the terms of its fields, and the n-grams of its words. Pure.

Invariant: a record that answers a question has every term the question is broken into; so the index may name
too many records, never too few, and each it names is looked at before it is shown.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import Any

from services.audit.records.record import Rec, RecordError
from services.audit.records.stored import StoredRecord

_HAN_FROM = 0x2E80
"""From here on a letter is a word or a syllable: two of them are enough to look for."""
_TRIGRAM = 3
_DIVISIONS = (2, 4, 6, 9, 12)
"""Digits of the national code of a province, a city, a county, a township, a village."""
_MAC_SIZE = 6
LAPSE = "lapse"
_EACH = {"unit": "units", "person": "persons", "channel": "channels", "outcome": "outcomes"}
_ONE = ("kind", "level", "category")
_MONTH_LIMIT = 120
"""Months a claimed time may be looked for in; a longer span is walked."""

Fields = dict[str, Any]


def terms_of(fields: Fields, claimed: str | None) -> Iterator[str]:
    """Of a record's search fields, as `entries` holds them, and the time its author claims."""
    for name in _ONE:
        if fields[name]:
            yield f"{name}:{fields[name]}"
    for name, several in _EACH.items():
        for value in fields[several]:
            yield f"{name}:{value}"
    if fields["area"]:
        yield from (f"area:{prefix}" for prefix in prefixes_of(fields["area"]))
    if fields["lapse"]:
        yield LAPSE
    for duty in fields["lapses"]:
        yield f"{LAPSE}:{duty}"
    if claimed:
        yield f"day:{claimed[:10]}"
        yield f"month:{claimed[:7]}"


# --- areas
# ------------------------------------------------------------------------------------------------------------


def root_of(code: str) -> str:
    """What the codes of all divisions within begin with: 620600 is a city, and all of it begins with 6206."""
    if len(code) != 6 or not code.isdigit() or not code.endswith("00"):
        return code
    return code[:2] if code.endswith("0000") else code[:4]


def prefixes_of(code: str) -> Iterator[str]:
    root = root_of(code)
    yield from (root[:length] for length in _DIVISIONS if length < len(root))
    yield root


def area_term(code: str) -> str | None:
    """The longest indexed prefix of what was asked for, the rest is looked at in the record; None where there
    is none.
    """
    root = root_of(code)
    length = max((length for length in _DIVISIONS if length <= len(root)), default=None)
    return f"area:{root[:length]}" if length else None


# --- claimed times
# ----------------------------------------------------------------------------------------------------


def days_between(since: datetime | None, until: datetime | None) -> tuple[str, ...]:
    """The terms of every day (UTC) from `since` to `until`, whole months as one; () where an end is open or
    it is too long.
    """
    if since is None or until is None:
        return ()
    first, last = since.date(), until.date()
    if (last.year - first.year) * 12 + last.month - first.month > _MONTH_LIMIT:
        return ()
    terms: list[str] = []
    while first <= last:
        following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        if first.day == 1 and following <= last + timedelta(days=1):
            terms.append(f"month:{first:%Y-%m}")
            first = following
        else:
            terms.append(f"day:{first.isoformat()}")
            first = _next(first)
    return tuple(terms)


def _next(day: date) -> date:
    return day + timedelta(days=1)


# --- words
# ------------------------------------------------------------------------------------------------------------


def normal(text: str) -> str:
    """As words are compared: full-width letters as plain ones, without case, one space for many."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def grams_of(text: str) -> set[str]:
    """Of a text in normal form: pairs of letters where one is Han, threes within other words. A piece's are
    among the whole's.
    """
    grams: set[str] = set()
    run: list[str] = []
    before, before_is_han = "", False
    for letter in text:
        is_letter = letter.isalnum()
        is_han = is_letter and ord(letter) >= _HAN_FROM
        if is_letter and before and (is_han or before_is_han):
            grams.add(before + letter)
        if is_letter and not is_han:
            run.append(letter)
        elif run:
            _threes(run, grams)
            run = []
        before, before_is_han = (letter, is_han) if is_letter else ("", False)
    _threes(run, grams)
    return grams


def _threes(run: Sequence[str], grams: set[str]) -> None:
    grams.update("".join(run[at : at + _TRIGRAM]) for at in range(len(run) - _TRIGRAM + 1))


VERSIONS = (b"2", b"")
"""Of what a fact is searched by (`fields.searched_words`), the one in use first: tiles of another version have other names
and are written anew. 2: with the words of its form.
"""


def _name_of(key: bytes, version: bytes) -> int:
    return int.from_bytes(blake2b(version, key=key, person=b"search", digest_size=4).digest()) & 0xFFFFF


class Macs:
    """n-grams under a key: whoever has the store alone can neither read nor look for words in it."""

    KEPT = 100_000

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.name, *self.earlier_names = (_name_of(key, version) for version in VERSIONS)
        """20 bits that tell one key from another, and tiles of other words: those of earlier versions are read no more, and
        an erasure removes them.
        """
        self._known: dict[str, bytes] = {}

    def of(self, gram: str) -> bytes:
        mac = self._known.get(gram)
        if mac is None:
            if len(self._known) >= self.KEPT:
                self._known = {}
            mac = self._known[gram] = blake2b(gram.encode(), key=self._key, digest_size=_MAC_SIZE).digest()
        return mac

    def of_text(self, text: str) -> list[bytes]:
        return [self.of(gram) for gram in grams_of(normal(text))]


def encoded(terms: Iterable[str]) -> list[bytes]:
    return [term.encode() for term in terms]


def terms_of_entry(entry: StoredRecord) -> list[bytes]:
    """Raises RecordError for a record that was damaged."""
    try:
        return encoded(terms_of(entry.fields, Rec.read(entry.rec).claimed))
    except (KeyError, TypeError, AttributeError) as error:
        raise RecordError(f"record {entry.index} lacks search fields ({error})") from None
