"""The network of the walkthrough: the configuration in its NetworkAttachmentDefinition."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

POOL: Final = "10.11.88.96/28"
FIRST: Final = "10.11.88.98"
SECOND: Final = "10.11.88.99"
GATEWAY: Final = "10.11.8.97"
WIDENED: Final = "10.11.88.110"


class Network:
    """The configuration of the walkthrough, in a file in `folder`, except for two values.

    Its `log_file` is in `folder`, so that it is removed, too. `kind` is the main plugin's type.
    """

    def __init__(self, folder: Path, *, kind: str) -> None:
        self.file = folder / "ipvlan1720.json"
        self.log_file = folder / "whereabouts.log"
        self.text = (files("rowhouse.demo") / "ipvlan1720.json").read_text(encoding="utf-8")
        self._set("log_file", "/tmp/whereabouts.log", str(self.log_file))  # noqa: S108 - replaced
        self._set("type", "ipvlan", kind)
        self.file.write_text(self.text, encoding="utf-8")

    def widen(self) -> str:
        """Let the range end at WIDENED; return the changed line."""
        self._set("range_end", FIRST, WIDENED)
        self.file.write_text(self.text, encoding="utf-8")
        return next(line for line in self.text.splitlines() if WIDENED in line)

    def _set(self, key: str, old: str, new: str) -> None:
        before, after = (f'"{key}": {json.dumps(value)}' for value in (old, new))
        assert self.text.count(before) == 1
        self.text = self.text.replace(before, after)
