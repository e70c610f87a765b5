"""The schema's migrations, from the installed package."""

from __future__ import annotations

import contextlib
import io
import threading
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import InsufficientPrivilege, LockNotAvailable
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from rowhouse.domain.errors import NotReady, TryAgain
from rowhouse.store.connection import privileges
from rowhouse.store.connection.errors import domain_error
from rowhouse.store.connection.opening import connect
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.store.connection.data_source import Source

LOCK_TIMEOUT = "10s"
LOCK_HOLDERS: Final = statement(__name__, "lock_holders")

_UNRELEASED: Final = frozenset(f"{number:04}" for number in range(1, 8))
"""Revisions from before the first release, which cannot be upgraded."""

# alembic keeps the running migration in module globals; other processes wait in PostgreSQL.
_one_at_a_time = threading.Lock()


def migrations_root() -> Path:
    """The folder with alembic.ini and migrations/: inside the wheel, else the repository's root."""
    packaged = Path(str(files("rowhouse")))
    if (packaged / "alembic.ini").exists():
        return packaged
    return packaged.parent.parent


def config(*, stdout: io.StringIO | None = None) -> Config:
    """Alembic's configuration."""
    root = migrations_root()
    made = (
        Config(str(root / "alembic.ini"), output_buffer=stdout)
        if stdout
        else Config(str(root / "alembic.ini"))
    )
    made.set_main_option("script_location", str(root / "migrations").replace("%", "%%"))
    return made


def head() -> str:
    """The newest revision that this code knows."""
    revision = ScriptDirectory.from_config(config()).get_current_head()
    if revision is None:
        raise NotReady(
            "this installation contains no migrations",
            hint="Install the rowhouse-ipam wheel again.",
        )
    return revision


def _engine(source: Source) -> Engine:
    return create_engine(
        "postgresql+psycopg://", creator=lambda: connect(source), poolclass=NullPool
    )


def current(engine: Engine) -> str | None:
    """The revision of the database; None if it has no Rowhouse schema. Raises NotReady if it may not be read."""
    try:
        with engine.connect() as connection:
            opts = {"version_table_schema": "rowhouse"}
            context = MigrationContext.configure(connection, opts=opts)
            return context.get_current_revision()
    except DBAPIError as error:
        if not isinstance(error.orig, psycopg.Error):
            raise
        raise domain_error(error.orig) from error


def upgrade(source: Source, revision: str = "head", *, lock_timeout: str = LOCK_TIMEOUT) -> None:
    """Brings the schema up to a revision, in one transaction, under a lock.

    `lock_timeout` (PostgreSQL's spelling) bounds each wait for a lock. Raises TryAgain when it is over:
    nothing has changed then. A later schema that serves this code, as after a roll-back of the code, stays.
    Raises NotReady where the schema is of a revision from which none leads on.
    """
    engine = _engine(source)
    found = current(engine)
    if found is not None and found not in _known():
        if revision == "head" and _serves(engine, head()):
            return
        raise _unknown(found)
    with _migrating(source, lock_timeout) as made:
        command.upgrade(made, revision)
        if revision == "head":
            privileges.grant_again(
                made.attributes["connection"], _files_of_roles(), lock_timeout=lock_timeout
            )


def downgrade(source: Source, revision: str, *, lock_timeout: str = LOCK_TIMEOUT) -> None:
    """Takes the schema back to a revision ("base": nothing left). What a revision added is lost.

    Raises TryAgain and NotReady as `upgrade` does.
    """
    found = current(_engine(source))
    if found is not None and found not in _known():
        raise _unknown(found)
    with _migrating(source, lock_timeout) as made:
        command.downgrade(made, revision)


def statements_for_roles(source: Source) -> list[str]:
    """Return the statements that a role with CREATEROLE must run before the next upgrade; often none."""
    with _engine(source).connect() as connection:
        return privileges.statements_for_roles(connection)


def _files_of_roles() -> list[Path]:
    folder = migrations_root() / "migrations" / "schema"
    order = (folder / "order.txt").read_text(encoding="utf-8").splitlines()
    return [folder / path for path in order if path.startswith("roles/")]


@contextlib.contextmanager
def _migrating(source: Source, lock_timeout: str) -> Iterator[Config]:
    with _one_at_a_time, _engine(source).connect() as connection:
        made = config()
        made.attributes["connection"] = connection
        made.attributes["lock_timeout"] = lock_timeout
        try:
            yield made
        except DBAPIError as error:
            if isinstance(error.orig, InsufficientPrivilege):
                raise NotReady(
                    f"the database refuses: {error.orig.diag.message_primary}",
                    hint="A migration needs the owner of the schema, or a member of rowhouse_owner.",
                ) from error
            if not isinstance(error.orig, LockNotAvailable):
                raise
            raise TryAgain(
                f"the schema is in use: no lock within {lock_timeout}",
                hint=f"Nothing was changed. {_in_the_way(source)}",
            ) from error


def _in_the_way(source: Source) -> str:
    """Return the transactions that lock our tables, such as a pg_dump, longest first."""
    found: list[str] = []
    # The refusal must be reported even if its cause cannot be determined.
    with contextlib.suppress(DBAPIError), _engine(source).connect() as connection:
        found += connection.exec_driver_sql(LOCK_HOLDERS).scalars()
    names = ", ".join(found) or "a transaction that has ended meanwhile"
    return f"Its tables are in use by {names}. Upgrade again when that has ended."


def check(source: Source) -> None:
    """Raises NotReady unless the server can work on the database with this login.

    The schema has to be at this code's revision or at a later one that serves it too, and the login needs the
    privileges of rowhouse_server.
    """
    check_engine(_engine(source))


def check_revision(source: Source) -> None:
    """Raises NotReady unless the schema is at this code's revision or at a later one that serves it too."""
    _check_revision(_engine(source))


def check_engine(engine: Engine) -> None:
    """The same over connections that are there already."""
    try:
        _check_revision(engine)
        with engine.connect() as connection:
            privileges.require(connection)
    except DBAPIError as error:
        if not isinstance(error.orig, psycopg.Error):
            raise
        raise domain_error(error.orig) from error


def _check_revision(engine: Engine) -> None:
    found = current(engine)
    if found is None:
        raise NotReady("the database has no Rowhouse schema", hint="Run `rowhouse db upgrade`.")
    if found != head() and not _serves(engine, head()):
        if found in _UNRELEASED:
            raise _unknown(found)
        raise NotReady(
            f"the database's schema is at revision {found}, this code needs {head()}",
            hint="Run `rowhouse db upgrade`, or start the matching version of the server.",
        )


def _known() -> set[str]:
    return {one.revision for one in ScriptDirectory.from_config(config()).walk_revisions()}


def _unknown(found: str) -> NotReady:
    """Return the error for a schema whose revision this code does not know."""
    if found in _UNRELEASED:
        return NotReady(
            f"the database's schema is at revision {found}, which is not part of a release and cannot be upgraded",
            hint="Create a new database, or DROP SCHEMA rowhouse CASCADE in this one, and run `rowhouse db upgrade`."
            " `rowhouse import pods` imports the addresses of running pods.",
        )
    return NotReady(
        f"the database's schema is at revision {found}, which this version does not know",
        hint="Use the version of Rowhouse that created it, or a later one.",
    )


def _serves(engine: Engine, revision: str) -> bool:
    """Whether the schema supports code of this revision: upgrades change the schema first."""
    with engine.connect() as connection:
        if (
            connection.scalar(text("SELECT to_regprocedure('rowhouse.serves_code_of(text)')"))
            is None
        ):
            return False
        found = connection.scalar(text("SELECT rowhouse.serves_code_of(:code)"), {"code": revision})
        return bool(found)


def sql(start: str = "base", end: str = "head") -> str:
    """The DDL of an upgrade, for a DBA who applies it by hand."""
    out = io.StringIO()
    command.upgrade(config(stdout=out), f"{start}:{end}", sql=True)
    return out.getvalue()
