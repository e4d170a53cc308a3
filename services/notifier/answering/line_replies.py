"""What gateways bring by a connection of their own, instead of a call-back: receipts, and what people answer.

Invariant: it is confirmed to the gateway only once it is stored; what is about no message of ours is nobody's
trouble. While such a connection is away nobody can be heard by it, and the light says so.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from services.notifier.answering.call_back_door import TakesReceipts, TakesReplies, UnknownDelivery
from services.notifier.channels import CallBackItem, Listens, Reply
from shared.broker.forever import AWAY, error_text
from shared.problems import Problem

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class LineReplies:
    listening: Mapping[str, Listens]
    """By channel."""
    replies: TakesReplies
    receipts: TakesReceipts

    async def run(self) -> None:
        """The service's task."""
        async with asyncio.TaskGroup() as group:
            for name, channel in self.listening.items():
                group.create_task(channel.listen(partial(self._take, name)))

    async def check(self) -> None:
        """Raises RuntimeError where a connection is away."""
        away = {name: channel.trouble for name, channel in self.listening.items() if channel.trouble}
        if away:
            raise RuntimeError("; ".join(f"{name}: {why}" for name, why in away.items()))

    async def _take(self, channel: str, brought: Reply | CallBackItem) -> bool:
        try:
            if isinstance(brought, Reply):
                await self.replies.take(channel, brought, is_said_back=False)
            else:
                await self.receipts.take(channel, brought)
        except UnknownDelivery:
            return True
        except (Problem, *AWAY) as error:
            log.warning("brought_not_stored", channel=channel, error=error_text(error))
            return False
        except Exception:
            # one that nobody can take ends no connection; the gateway brings it again
            log.exception("brought_not_taken", channel=channel)
            return False
        return True
