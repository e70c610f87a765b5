"""What servers and clients agree on about teams."""

from __future__ import annotations

from typing import Final

SEEN: Final = "Rowhouse-Namespaces"
"""The header of an answer to a team: the namespaces that it sees, separated by commas. Other callers see all."""
