"""The findings of a check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report.

    `about` is the object that was checked, "" if there is only one. `remedy` is what to do about a warning or a
    failure, or where to run a skipped check instead.
    """

    about: str = ""
    state: State
    found: str
    remedy: str = ""


def ok(found: str, *, about: str = "") -> Finding:
    """No problem was found."""
    return Finding(state="ok", found=found, about=about)


def warning(found: str, remedy: str, *, about: str = "") -> Finding:
    """Addresses are still assigned, but something needs attention."""
    return Finding(state="warning", found=found, remedy=remedy, about=about)


def failed(found: str, remedy: str, *, about: str = "") -> Finding:
    """Something does not work."""
    return Finding(state="failed", found=found, remedy=remedy, about=about)


def skipped(found: str, remedy: str = "", *, about: str = "") -> Finding:
    """The check does not apply or cannot run here; `found` says why."""
    return Finding(state="skipped", found=found, remedy=remedy, about=about)
