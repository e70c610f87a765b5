"""Live pages: what changed in the database is sent to everybody who looks at it.

A viewer costs an open connection, but no thread and no query: one thread in each server process looks
whether anything was written, renders what is looked at once, and sends everybody the parts that differ.
"""

from rowhouse.web.live.background import begin
from rowhouse.web.live.stream import CLAIM, stream

__all__ = ["CLAIM", "begin", "stream"]
