"""The name of a file, as people see it and as it may stand in a path, a header and a zip.

Invariant: a clean name is one line without a folder, a control character or a letter that can't be seen; it is
no name that a system has for something else; and it ends as its content does, so that no program travels as a
picture. Cleaned again it stays as it is.
"""

import re
import unicodedata

from shared.facts.file import NAME_LETTERS
from shared.files.kinds import ENDINGS, FileType
from shared.plain_text import NOT_IN_LINE

MOST_BYTES = 200
"""In UTF-8: file systems take 255."""
NAMELESS = "file"
_FOLDER = re.compile(r"[\\/]")
_ODD = re.compile(r'[<>:"|?*%\u200c\u200d]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def clean_name(given: str | None, kind: FileType) -> str:
    """`given` as it may be shown and saved; a name of ours where nothing is left of it."""
    name = unicodedata.normalize("NFC", _FOLDER.split(given or "")[-1])
    name = _ODD.sub("_", NOT_IN_LINE.sub("", " ".join(name.split()))).strip(". ")
    stem, dot, ending = name.rpartition(".")
    if not dot or ending.lower() not in ENDINGS[kind]:
        stem, ending = name, ENDINGS[kind][0]
    stem = _shortened(stem.strip(". "), NAME_LETTERS - len(ending) - 1, MOST_BYTES - len(ending) - 1)
    if not stem:
        stem = NAMELESS
    elif _RESERVED.fullmatch(stem):
        stem = f"_{stem}"
    return f"{stem}.{ending}"


def _shortened(text: str, letters: int, size: int) -> str:
    """At most so many letters and bytes, whole letters only. One is left free for `_`."""
    return text[: letters - 1].encode()[: size - 1].decode(errors="ignore").strip(". ")
