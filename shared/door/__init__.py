"""The door of every service: what a request has to pass before a handler hears of it."""

from shared.door.ways import KB, MB, Lane, doorway

__all__ = ["KB", "MB", "Lane", "doorway"]
