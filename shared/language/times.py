"""Times as a page, a message or a record says them: local to the configured zone, today's as a clock, others
with the date.

Invariant: what a form gives back is read in the same zone it was shown in, and stored UTC.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.facts.bounds import EARLIEST, LATEST
from shared.language.catalogue import N_

LOCAL_FORMAT = "%Y-%m-%dT%H:%M"
"""What `<input type="datetime-local">` sends."""
NO_SUCH_TIME = N_("The clocks were put forward over this time: it did not exist.")
NO_SUCH_YEAR = N_("Give a year from 1970 to 2199.")
NOT_A_TIME = N_("Give a date and a time, such as 2026-11-01 03:12.")


def clock(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """`03:12:04` today, `11-02 03:12:04` this year, else with the year."""
    local, today = at.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return f"{local:%H:%M:%S}"
    return f"{local:%m-%d %H:%M:%S}" if local.year == today.year else f"{local:%Y-%m-%d %H:%M:%S}"


def short(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """For messages: `14:32`; with seconds where they matter, with the date where it is not today's."""
    local = at.astimezone(zone)
    clock = "%H:%M:%S" if abs(at - now) < timedelta(minutes=2) else "%H:%M"
    return local.strftime(clock if local.date() == now.astimezone(zone).date() else f"%m-%d {clock}")


def minute(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """`18:00` today, else with the date; with the year where it is another one."""
    local, today = at.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return local.strftime("%H:%M")
    return local.strftime("%m-%d %H:%M" if local.year == today.year else "%Y-%m-%d %H:%M")


def second(at: datetime, zone: ZoneInfo) -> str:
    """`2026-11-02 03:12:04`, as the reader's own clock shows it."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def full(at: datetime, zone: ZoneInfo) -> str:
    """For records: nothing left out, the offset included."""
    return at.astimezone(zone).isoformat(sep=" ", timespec="milliseconds")


def span(length: timedelta, days_said: str = "{}d") -> str:
    """`3:12`, `1:03:12`, `2d 1:03`; the sign (late, left) and how days are said are the caller's words.
    static/clock.js counts in the same shape.
    """
    seconds = abs(int(length.total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    if days:
        return f"{days_said.format(days)} {hours}:{minutes:02}"
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def local_input(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime(LOCAL_FORMAT)


def read_local(text: str, zone: ZoneInfo) -> datetime:
    """The instant a form means. Raises ValueError with a message of the catalogue."""
    try:
        naive = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(NOT_A_TIME) from None
    if not EARLIEST.year <= naive.year < LATEST.year:
        raise ValueError(NO_SUCH_YEAR)
    if naive.tzinfo is not None:
        return naive.astimezone(UTC)
    at = naive.replace(tzinfo=zone).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) != naive:
        raise ValueError(NO_SUCH_TIME)
    return at
