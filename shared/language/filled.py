"""Stands at `shared/message.py`; here for those who still look for it here."""

from shared.message import Said, said

__all__ = ["Said", "said"]
