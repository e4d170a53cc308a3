"""Who did something, as it stands on record."""

from shared.facts.bounds import Frozen
from shared.ids import PersonId, UnitId
from shared.vocabulary import Role


class Actor(Frozen):
    """Who did it: the token's subject and role, or the person an acknowledgement link was made for."""

    principal: str
    role: Role
    unit: UnitId | None = None
    person: PersonId | None = None
    """Whom the token names: two tokens of one person are one person."""

    @property
    def who(self) -> str:
        return self.person or self.principal
