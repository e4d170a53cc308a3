"""That links of messages are good for nothing any more."""

from shared.facts.actor import Actor
from shared.facts.bounds import Frozen
from shared.facts.report import Line
from shared.ids import PersonId


class LinksRevoked(Frozen):
    """The data of `links_revoked`: every link that `person` was sent about the case before this fact takes no answer."""

    by: Actor
    person: PersonId
    why: Line
