"""The database: reachable, of a version and encoding that serve, its schema at head, the login role's grants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rowhouse.doctor.finding import failed, ok, warning
from rowhouse.domain.errors import RowhouseError
from rowhouse.store.connection import diagnosis, privileges, schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.doctor.finding import Finding
    from rowhouse.doctor.surroundings import Surroundings

OLDEST: Final = 15
NEWEST: Final = 18


def database(where: Surroundings) -> Iterator[Finding]:
    """A connection, and what it leads to."""
    try:
        facts = diagnosis.facts(where.database)
    except RowhouseError as error:
        yield failed(
            error.message,
            f"{error.hint} See that PostgreSQL runs, and that host, password and TLS of ROWHOUSE_DATABASE_URL"
            " are right.".strip(),
        )
        return
    what = (
        f"PostgreSQL {facts.version}, {facts.encoding}, database {facts.name!r} as {facts.user!r}"
    )
    if facts.encoding != "UTF8":
        yield failed(
            what, "Create the database again with ENCODING 'UTF8', and restore a dump of this one."
        )
    elif facts.major < OLDEST:
        yield failed(what, f"Upgrade to PostgreSQL {OLDEST} or newer.")
    elif facts.is_standby:
        yield failed(
            f"{what}: a standby, which takes no writes",
            "Name the primary in ROWHOUSE_DATABASE_URL.",
        )
    elif facts.major > NEWEST:
        yield warning(what, f"Rowhouse is tested with PostgreSQL {OLDEST} to {NEWEST}.")
    else:
        yield ok(what)


def schema_at_head(where: Surroundings) -> Iterator[Finding]:
    """The revision that this version needs."""
    try:
        schema.check_revision(where.database)
    except RowhouseError as error:
        job = "In a cluster the chart's migrate Job does it: kubectl logs job/rowhouse-migrate-…"
        yield failed(
            error.message, f"{error.hint} {job}" if "db upgrade" in error.hint else error.hint
        )
    else:
        yield ok("the schema serves this version")


def grants(where: Surroundings) -> Iterator[Finding]:
    """The privileges of the role that the server logs in as."""
    source = where.database
    facts = diagnosis.facts(source)
    missing = diagnosis.missing_privileges(source)
    if missing:
        yield failed(privileges.lacks(facts.user, missing), privileges.remedy(facts.user))
    elif facts.is_superuser:
        yield ok(f"role {facts.user!r} is a superuser; the role rowhouse_server would be enough")
    else:
        yield ok(f"role {facts.user!r} has what the server needs")
