"""Whether a client takes an answer compressed."""


def takes_gzip(accepts: str) -> bool:
    """By its `Accept-Encoding`."""
    wanted = [coding.partition(";") for coding in accepts.lower().replace(" ", "").split(",")]
    return any(name in ("gzip", "*") and quality.rstrip("0.") != "q=" for name, _, quality in wanted)
