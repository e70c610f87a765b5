"""Live pages: changes in the database are sent to all open pages.

A viewer costs an open connection, but no thread and no query: one thread per server process polls for
changes, renders each open page once, and sends its viewers the parts that changed.
"""

from rowhouse.web.live.background import begin, viewers
from rowhouse.web.live.stream import CLAIM, stream

__all__ = ["CLAIM", "begin", "stream", "viewers"]
