"""The list of events."""

from rowhouse.web.event.page import events

__all__ = ["events"]
