"""How alembic runs our migrations: one at a time in the cluster, never waiting long for a lock.

`rowhouse.store.connection.schema` passes a connection in the attribute "connection"; alembic's own command line takes
the URL from ROWHOUSE_DATABASE_URL or ROWHOUSE_DATABASE_URL_FILE.
"""

from alembic import context
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from rowhouse.settings import Settings
from rowhouse.store.connection.opening import connect

# Two migrations at once would both find the old revision. The number is arbitrary but fixed.
MIGRATION_LOCK = 0x526F77686F757365 & 0x7FFFFFFFFFFFFFFF
LOCK_TIMEOUT = "10s"
STATEMENT_TIMEOUT = "10min"


def run(connection: Connection) -> None:
    """Runs the migrations asked for in one transaction."""
    context.configure(
        connection=connection,
        version_table_schema="rowhouse",
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        connection.execute(
            text("SELECT set_config('lock_timeout', :limit, true)"),
            {"limit": context.config.attributes.get("lock_timeout", LOCK_TIMEOUT)},
        )
        connection.execute(
            text("SELECT set_config('statement_timeout', :limit, true)"),
            {"limit": STATEMENT_TIMEOUT},
        )
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        # IF NOT EXISTS would need the right to create one even where a DBA has made it.
        if connection.scalar(text("SELECT to_regnamespace('rowhouse') IS NULL")):
            connection.execute(text("CREATE SCHEMA rowhouse"))
        context.run_migrations()


def run_offline() -> None:
    """Prints the DDL for a DBA who applies it by hand."""
    context.configure(
        dialect_name="postgresql", version_table_schema="rowhouse", literal_binds=True
    )
    with context.begin_transaction():
        context.get_context().impl.static_output("CREATE SCHEMA IF NOT EXISTS rowhouse;")
        context.run_migrations()


if context.is_offline_mode():
    run_offline()
elif (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    source = Settings.from_environment().database
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: connect(source), poolclass=NullPool
    )
    with engine.connect() as own:
        run(own)
