"""A disk so small that it can be filled: a tmpfs of its own. Needs root."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from faults.postgres import Installation


class SmallDisk:
    """Mounted while the context lasts; `folder` is on it and the database's."""

    def __init__(self, installed: Installation, *, megabytes: int) -> None:
        self._mount = installed.folder / "disk"
        self.folder = self._mount / "small"
        self._megabytes = megabytes
        self._account = installed.account
        self._ballast = self._mount / "ballast"

    def __enter__(self) -> Self:
        self._mount.mkdir(exist_ok=True)
        size = f"size={self._megabytes}m,mode=0755"
        subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", self._mount], check=True)
        self.folder.mkdir(mode=0o700)
        os.chown(self.folder, self._account.uid, self._account.gid)
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        subprocess.run(["umount", self._mount], check=True)

    def fill(self) -> None:
        """No byte is left."""
        block = b"\0" * (1 << 20)
        with self._ballast.open("wb", buffering=0) as file:
            for size in (1 << 20, 4096):
                try:
                    while file.write(block[:size]) == size:
                        pass
                except OSError:
                    continue

    def clear(self) -> None:
        """There is room again."""
        self._ballast.unlink()
