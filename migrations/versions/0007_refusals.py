"""Refused ADDs, kept until the controller has made Kubernetes events of them.

Revision ID: 0007
Revises: 0006
"""

from pathlib import Path

from rowhouse.store.migration import execute

revision = "0007"
down_revision = "0006"
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
