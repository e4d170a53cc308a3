"""Whether an emergency of level I or II is being handled, so that no roll call disturbs those who handle it.

Invariant: what a lane of this process has decided counts at once; what others have, once the independent check
has seen it, a minute or so later.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from shared.case import Case, CaseStatus
from shared.ids import CaseId
from shared.vocabulary import Level

GRAVE = frozenset({Level.I, Level.II})


@dataclass
class GraveCases:
    surveyed: Callable[[], Iterable[CaseId]] = tuple
    """Those that the independent check saw last."""
    _here: dict[CaseId, bool] = field(default_factory=dict[CaseId, bool])
    """By this process: whether the case is one now."""

    def saw(self, case: Case) -> None:
        is_grave = case.status is CaseStatus.OPEN and case.level in GRAVE and not case.report.exercise
        if is_grave or case.id in self._here:
            self._here[case.id] = is_grave

    def first(self) -> CaseId | None:
        """One of them; None where there is none."""
        here = (case for case, is_grave in self._here.items() if is_grave)
        seen = (case for case in self.surveyed() if self._here.get(case, True))
        return next(here, None) or next(iter(seen), None)
