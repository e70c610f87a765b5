"""The schema's releases: each with a populated database, and the commit whose server must serve on later schemas."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Release:
    """A release of the schema.

    Attributes:
        version: its name.
        revision: alembic's, which the dump is at.
        commit: where the repository's history has the server of the release.
    """

    version: str
    revision: str
    commit: str

    @property
    def dump(self) -> Path:
        """A populated database of it: plain SQL without psql's own commands."""
        return FOLDER / f"{self.version}.sql"


RELEASES: tuple[Release, ...] = (Release(version="0.1.0", revision="r0001", commit="a1519bccd60b"),)

# What `make freeze` would keep now: the next release is tried before it is made.
TODAY = Release(version="today", revision="", commit="")
