"""How often another installer replaces our launcher of the name ``whereabouts``, and when to put it back.

whereabouts' own DaemonSet copies its binary over ours whenever one of its pods starts. A single replacement is
repaired at once. For an installer that continues, the pauses grow, so that two installers do not take turns every
few seconds; during a pause the daemon reports a problem.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

MAX_REPAIRS_AT_ONCE = 3
FIRST_PAUSE_SECONDS = 30.0
MAX_PAUSE_SECONDS = 600.0
QUIET_SECONDS = 3600.0  # without a replacement, after which the count starts again
REMEDY = "remove the DaemonSet that installs whereabouts (docs/migrate-from-whereabouts.md)"


class StandInReplaced(Exception):
    """Another installer keeps replacing our launcher; it is not put back yet."""


@dataclass
class StandIn:
    """Replacements of one file; times are readings of ``time.monotonic()``, in seconds."""

    file: Path
    replaced: int = 0  # since the daemon started
    _recent: int = 0
    _last: float = 0.0
    _repair_at: float = field(default=0.0)
    _is_open: bool = False  # a replacement that is not repaired yet

    def meet(self, now: float) -> str:
        """Count a replacement, once until it is repaired. Return the line to log, or nothing.

        Raise StandInReplaced while the pause lasts.
        """
        line = ""
        if not self._is_open:
            self._is_open = True
            if now - self._last > QUIET_SECONDS:
                self._recent = 0
            self.replaced += 1
            self._recent += 1
            self._last = now
            self._repair_at = now + self._pause()
            if self._recent == 1:
                line = f"another installer replaced {self.file} by {described(self.file)}: {REMEDY}"
        if now < self._repair_at:
            raise StandInReplaced(
                f"another installer replaced {self.file} {self._recent} times within an hour, and"
                f" calls of that name do not reach Rowhouse: {REMEDY}"
            )
        return line

    def repaired(self) -> None:
        """Note that our launcher is in place again."""
        self._is_open = False

    def _pause(self) -> float:
        """Seconds to wait before the repair."""
        over = self._recent - MAX_REPAIRS_AT_ONCE
        if over <= 0:
            return 0.0
        return float(min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(over - 1, 10)))


def described(file: Path) -> str:
    """A file by its size and digest, as far as it can be read."""
    try:
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        return f"a file of {file.stat().st_size} bytes, sha256 {digest[:16]}…"
    except OSError as failure:
        return f"something that cannot be read ({failure.strerror})"
