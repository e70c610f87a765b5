"""Session settings that the code relies on, set by each connection: a database may have any others.

`ALTER DATABASE … SET` and `ALTER ROLE … SET` change how values are written and read, and how transactions see each
other. Startup options would be the way to override them, but PgBouncer refuses or ignores those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from psycopg import IsolationLevel

from rowhouse.domain.errors import NotReady
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

_PIN: Final = statement(__name__, "pin_settings")
PIN_TRANSACTION: Final = statement(__name__, "pin_transaction")


def pin(connection: psycopg.Connection[TupleRow]) -> bool:
    """Pin the settings of a new connection, which is in autocommit mode.

    Returns whether behind PgBouncer each transaction has to set them again (`PIN_TRANSACTION`).
    Raises NotReady if the database cannot serve.
    """
    if connection.info.parameter_status("server_encoding") == "SQL_ASCII":
        raise NotReady(
            f"the encoding of database {connection.info.dbname!r} is SQL_ASCII, which stores bytes and not text",
            hint="Create the database again with ENCODING 'UTF8' TEMPLATE template0, and restore a dump of this one.",
        )
    # For each BEGIN of psycopg; a statement on its own goes by the session's default.
    connection.isolation_level = IsolationLevel.READ_COMMITTED
    row = connection.execute(_PIN, prepare=False).fetchone()
    return bool(row and row[0])
