"""`rowhouse demo`: one address end to end, with a real server, a real database and the real plugin.

Everything that it prints is what the programs printed, and each step checks what it shows. A keeper
process ends the server and removes the one folder that holds all files, however the demo ends.
"""

from rowhouse.demo.errors import DemoError, Interrupted
from rowhouse.demo.walkthrough import walk_through

__all__ = ["DemoError", "Interrupted", "walk_through"]
