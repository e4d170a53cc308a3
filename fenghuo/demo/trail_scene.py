"""The last scene: the trail is verified, copied, and the copy tampered with; the auditor's own command must catch it.

The commands shown are the ones that are run, as processes of their own.
"""

from dataclasses import dataclass

from fenghuo.demo.readback import StepFailed
from fenghuo.demo.stage import Stage
from fenghuo.places import Place


@dataclass(frozen=True)
class TrailScene:
    stage: Stage
    place: Place

    async def play(self) -> None:
        raise StepFailed("the trail scene", "not there yet")
