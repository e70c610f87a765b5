"""Whether anything was written, for one statement that reads no table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rowhouse.store.connection.database import Database

# The end of the write-ahead log: nothing changes without moving it. Other databases of the server and its own
# housekeeping move it as well, so it may say "perhaps" where nothing of ours has changed.
END_OF_LOG: Final = "SELECT pg_current_wal_insert_lsn()::text"


def end_of_log(database: Database) -> str:
    """Return the end of the write-ahead log, which moves whenever anything is written.

    A transaction becomes visible shortly after its end has moved the log, so callers must check a change again
    later.
    """
    return str(database.call(END_OF_LOG)[0][0])
