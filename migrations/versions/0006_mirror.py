"""What the mirror of whereabouts' objects needs: who mirrors, and an outbox of the pools that changed.

Revision ID: 0006
Revises: 0005
"""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"
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
    """Make everything, file by file."""
    for file in sorted(SQL.glob("[0-9]*.sql")):
        execute(file)


def downgrade() -> None:
    """Remove what this revision made."""
    execute(SQL / "downgrade.sql")
