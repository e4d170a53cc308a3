"""Another process did not answer: told with a title and advice, and never with what went wrong inside."""

from shared.message import N_

NO_BROKER = N_("The message broker does not answer")
NO_BROKER_NOW = N_(
    "What is on record is safe. Wait a moment and try again; if this is an emergency, report it by telephone to the emergency office now."
)


class UnavailableError(RuntimeError):
    """Another process did not answer, or not in time; nothing is known of what it did. Told with `title` and
    `advice`, never with its own words, which may name machines.
    """

    title, advice = NO_BROKER, NO_BROKER_NOW
