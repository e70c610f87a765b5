"""`rowhouse demo`: one address end to end, with a real server, a real database and the real plugin.

All output comes from the real programs, and each step checks it. A keeper process stops the server and removes the
one folder with all files, however the demo ends.
"""

from rowhouse.demo.errors import DemoError, Interrupted
from rowhouse.demo.walkthrough import walk_through

__all__ = ["DemoError", "Interrupted", "walk_through"]
