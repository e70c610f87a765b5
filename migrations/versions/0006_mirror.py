"""What the mirror of whereabouts' objects needs: who mirrors, and an outbox of the pools that changed.

Revision ID: 0006
Revises: 0005
"""

from pathlib import Path

from rowhouse.store.migration import execute

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql" / revision


def upgrade() -> None:
    """Make everything, file by file."""
    for file in sorted(SQL.glob("[0-9]*.sql")):
        execute(file)


def downgrade() -> None:
    """Remove what this revision made."""
    execute(SQL / "downgrade.sql")
