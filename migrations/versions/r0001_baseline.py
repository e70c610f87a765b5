"""The schema of the first release: baseline.sql is schema/ as it was then.

Revision ID: r0001
Revises:
"""

from rowhouse.store.connection.migration import scripts

revision = "r0001"
down_revision = None
upgrade, downgrade = scripts(revision, beside=__file__)
