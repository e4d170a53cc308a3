"""A command speaks for itself: what libraries and the broker's client log stays off its screen."""

import logging
from typing import NoReturn

import structlog
from structlog.typing import EventDict, WrappedLogger


def hush() -> None:
    logging.disable(logging.CRITICAL)
    structlog.configure(processors=[_drop])


def _drop(_: WrappedLogger, __: str, ___: EventDict) -> NoReturn:
    raise structlog.DropEvent
