"""History and audit that nobody rewrites unseen.

Revision ID: 0004
Revises: 0003
"""

from rowhouse.store.migration import scripts

revision = "0004"
down_revision = "0003"
upgrade, downgrade = scripts(revision, beside=__file__)
