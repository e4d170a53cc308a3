"""The facts that a service may write, in config/nats.conf: from the table of authors.

Invariant: what stands between a mark `facts of <service>` and its `end` is written from shared/facts/authors.py
and from nothing else; the rest of the file is written by hand.
"""

import re
from textwrap import wrap

from shared.facts.authors import AUTHORS
from shared.vocabulary import RETIRED_KINDS

_BLOCK = re.compile(r"^( *)# facts of (\w+):(.*)\n(?s:.*?)^ *# end\n", re.MULTILINE)
_WIDTH = 140


def with_rights(text: str) -> str:
    return _BLOCK.sub(_written, text)


def _written(block: re.Match[str]) -> str:
    indent, service, words = block.groups()
    kinds = (kind for kind, authors in AUTHORS.items() if service in authors and kind not in RETIRED_KINDS)
    subjects = ", ".join(f'"fact.*.{kind}"' for kind in sorted(kinds))
    lines = wrap(subjects, _WIDTH, initial_indent=indent, subsequent_indent=indent)
    return "\n".join([f"{indent}# facts of {service}:{words}", *lines, f"{indent}# end", ""])
