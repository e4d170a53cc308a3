"""What the pages of all services share: one look, two languages, one way to log in. Nothing is fetched from
outside.
"""

from shared.web.pages import Pages

__all__ = ["Pages"]
