"""What something is called in both languages."""

from dataclasses import dataclass
from typing import Annotated

from shared.facts.bounds import PLAIN_NAME


@dataclass(frozen=True, slots=True)
class Name:
    """The same name in both languages."""

    zh: Annotated[str, PLAIN_NAME]
    en: Annotated[str, PLAIN_NAME]
