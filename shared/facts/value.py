"""What the escalator makes many thousands of a second: frozen structs that read and write JSON without a
detour.

Invariant: a Value is immutable; times in it are aware, in UTC. A field it does not know is of a newer
version, and is ignored. What comes from outside is checked by `Frozen` models, which say in words what is
wrong; a Value is only ever written by us.
"""

import msgspec


class Value(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """0.14 µs to make or to change a copy of (`msgspec.structs.replace`), against 2 to 4 µs for a validated
    model.
    """
