"""What a check finds."""

from dataclasses import dataclass

OK, WARNING, FAILED, SKIPPED = "ok", "warning", "failed", "skipped"


@dataclass(frozen=True)
class Finding:
    """``state`` is one of the four; ``remedy`` says what to do about a warning or a failure."""

    check: str
    state: str
    found: str
    remedy: str = ""
