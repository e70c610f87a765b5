"""What the roles may do: granted again with each upgrade, and named where the server's login lacks some of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rowhouse.domain.errors import NotReady
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Connection

MIGRATION_LOCK: Final = 0x526F77686F757365
"""The key of the lock that migrations/env.py takes."""

MISSING: Final = statement(__name__, "missing_privileges")
_OWNS_SCHEMA: Final = statement(__name__, "owns_schema")
_BEGIN_GRANTS: Final = statement(__name__, "begin_grants")
_STATEMENTS: Final = statement(__name__, "statements_for_roles")
_SHOWN: Final = 3


def require(connection: Connection) -> None:
    """Raises NotReady, which names them, if the login lacks privileges that the server needs."""
    missing = [str(one) for one in connection.exec_driver_sql(MISSING).scalars()]
    if missing:
        user = str(connection.exec_driver_sql("SELECT current_user").scalar())
        raise NotReady(lacks(user, missing), hint=remedy(user))


def lacks(user: str, missing: Sequence[str]) -> str:
    """One line about a role and what it lacks."""
    more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    return f"role {user!r} lacks {', '.join(missing[:_SHOWN])}{more}"


def remedy(user: str) -> str:
    """The statement that grants it."""
    return (
        f'As the owner of the schema, run GRANT rowhouse_server TO "{user}"; if it is already granted,'
        " run `rowhouse db upgrade` as the owner."
    )


def grant_again(connection: Connection, files: Sequence[Path], *, lock_timeout: str) -> None:
    """Run the files of the roles, if the login owns the schema: a role may have come since the last migration."""
    with connection.begin():
        if not connection.exec_driver_sql(_OWNS_SCHEMA).scalar():
            return
        given = {"lock_timeout": lock_timeout, "key": MIGRATION_LOCK}
        connection.exec_driver_sql(_BEGIN_GRANTS, given)
        for file in files:
            unparsed = connection.execution_options(no_parameters=True)
            unparsed.exec_driver_sql(file.read_text(encoding="utf-8"))


def statements_for_roles(connection: Connection) -> list[str]:
    """What has to be run for the roles that the migrating user may neither make nor take; empty: nothing."""
    return [
        str(one) for one in connection.exec_driver_sql(_STATEMENTS.replace("%", "%%")).scalars()
    ]
