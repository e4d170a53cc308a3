"""Logs are events with fields: JSON lines for machines, readable lines on a terminal, the case id in every
line that has one.

A handler binds its case with `about_case`; whatever is logged below it, by whatever library, carries it.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
import structlog
from structlog.contextvars import bind_contextvars, merge_contextvars, reset_contextvars
from structlog.typing import EventDict, Processor, WrappedLogger

from shared.plain_text import shown


def configure(service: str, log_format: str = "auto") -> None:
    """Called once by `service.run` and by commands, never on import."""
    as_lines = log_format == "lines" or (log_format == "auto" and sys.stderr.isatty())

    def name_service(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {"service": service, **event}

    chain: list[Processor] = [
        merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        name_service,
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(pad_event_to=28)
        if as_lines
        else structlog.processors.JSONRenderer(_dumps)
    )
    if as_lines:
        chain.append(_values_shown)
        structlog.configure(
            processors=[*chain, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
            logger_factory=structlog.stdlib.LoggerFactory(),
            wrapper_class=structlog.stdlib.BoundLogger,
            cache_logger_on_first_use=True,
        )
    else:
        # Our own lines go out without the detour through `logging`, at a fifth of its cost: there is one for
        # each decision.
        structlog.configure(
            processors=[*chain, structlog.processors.JSONRenderer(_dump_bytes)],
            logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
            cache_logger_on_first_use=True,
        )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=chain,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for noisy in (
        "uvicorn.access",
        "nats",
        "faststream",
        "fenghuo.subscribers",
        "httpx2",
        "aiosmtplib",
        "pymongo",
        "mail.log",
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _values_shown(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Lines go to a terminal: what others wrote does nothing there."""
    return {name: shown(value) if isinstance(value, str) else value for name, value in event.items()}


def _dumps(event: object, **_: object) -> str:
    return _dump_bytes(event).decode()


def _dump_bytes(event: object, **_: object) -> bytes:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS)


@contextmanager
def about_case(case: str | None) -> Iterator[None]:
    """Every line logged inside carries this case id."""
    if not case:
        yield
        return
    tokens = bind_contextvars(case=case)
    try:
        yield
    finally:
        reset_contextvars(**tokens)
