"""The privileges of the roles: each upgrade grants them again, and errors name those that the login lacks."""

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
    """Raise NotReady if the login lacks privileges that the server needs; the error names them."""
    missing = [str(one) for one in connection.exec_driver_sql(MISSING).scalars()]
    if missing:
        user = str(connection.exec_driver_sql("SELECT current_user").scalar())
        raise NotReady(lacks(user, missing), hint=remedy(user))


def lacks(user: str, missing: Sequence[str]) -> str:
    """Return a line with a role and the privileges that it lacks."""
    more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    return f"role {user!r} lacks {', '.join(missing[:_SHOWN])}{more}"


def remedy(user: str) -> str:
    """Return the remedy: the statement that grants them."""
    return (
        f'As the owner of the schema, run GRANT rowhouse_server TO "{user}"; if it is already granted,'
        " run `rowhouse db upgrade` as the owner."
    )


def grant_again(connection: Connection, files: Sequence[Path], *, lock_timeout: str) -> None:
    """Run the files of the roles, if the login owns the schema: roles may be newer than the last migration."""
    with connection.begin():
        if not connection.exec_driver_sql(_OWNS_SCHEMA).scalar():
            return
        given = {"lock_timeout": lock_timeout, "key": MIGRATION_LOCK}
        connection.exec_driver_sql(_BEGIN_GRANTS, given)
        for file in files:
            unparsed = connection.execution_options(no_parameters=True)
            unparsed.exec_driver_sql(file.read_text(encoding="utf-8"))


def statements_for_roles(connection: Connection) -> list[str]:
    """Return the statements for roles that the migrating user can neither create nor become; may be empty."""
    return [
        str(one) for one in connection.exec_driver_sql(_STATEMENTS.replace("%", "%%")).scalars()
    ]
