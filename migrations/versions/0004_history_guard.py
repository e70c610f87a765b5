"""History and audit that nobody rewrites unseen.

Revision ID: 0004
Revises: 0003
"""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql" / revision


def execute(file: Path) -> None:
    """Runs a file of several statements as it stands: no parameters, so no escaping of % and :."""
    context = op.get_context()
    statements = "SET LOCAL search_path = rowhouse, pg_temp;\n" + file.read_text()
    if context.as_sql:
        context.impl.static_output(statements)
    else:
        op.get_bind().execution_options(no_parameters=True).exec_driver_sql(statements)


def upgrade() -> None:
    """Guard them."""
    execute(SQL / "history_guard.sql")


def downgrade() -> None:
    """Guard them no more."""
    execute(SQL / "downgrade.sql")
