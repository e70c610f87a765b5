"""How full the pools were, over time: samples, trends.

Revision ID: 0002
Revises: 0001
"""

from pathlib import Path

from rowhouse.store.migration import execute

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql" / revision


def upgrade() -> None:
    """Make the tables, their function and its rights."""
    for file in sorted(SQL.glob("[0-9]*.sql")):
        execute(file)


def downgrade() -> None:
    """Remove them; the samples are lost."""
    execute(SQL / "downgrade.sql")
