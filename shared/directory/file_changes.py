"""What a directory file changes when it is read anew, without undoing what was changed at run time meanwhile.
Pure.

Invariant: only what differs between the file as last read and the file now becomes a change; a field the file
left alone keeps the value it has at run time (an absence, an exchanged shift, a new holder).
"""

from typing import cast

from shared.directory.change_facts import Change, Remove
from shared.directory.changes import difference
from shared.directory.parts import PARTS, id_of
from shared.directory.whole import Directory
from shared.facts.bounds import Frozen


def file_changes(before: Directory | None, after: Directory, current: Directory) -> tuple[Change, ...]:
    """The changes for `current` that bring in what is new between two readings of the file. `before` None:
    `after` counts whole.
    """
    now_there = {
        what: {id_of(entry): entry for entry in getattr(current, part)} for what, part in PARTS.items()
    }
    if before is None:
        return difference(current, after)
    earlier = {what: {id_of(entry): entry for entry in getattr(before, part)} for what, part in PARTS.items()}
    changes: list[Change] = []
    for change in difference(before, after):
        if isinstance(change, Remove):
            if change.id in now_there[change.what]:
                changes.append(change)
            continue
        what = change.op.removeprefix("put_")
        new = cast(Frozen, getattr(change, what))
        merged = _merged(earlier[what].get(id_of(new)), new, now_there[what].get(id_of(new)))
        if merged != now_there[what].get(id_of(new)):
            changes.append(change.model_copy(update={what: merged}))
    return tuple(changes)


def _merged(before: Frozen | None, after: Frozen, current: Frozen | None) -> Frozen:
    if before is None or current is None:
        return after
    left_alone = {
        name: getattr(current, name)
        for name in type(after).model_fields
        if getattr(after, name) == getattr(before, name)
    }
    return type(after).model_validate(
        {name: getattr(after, name) for name in type(after).model_fields} | left_alone
    )
