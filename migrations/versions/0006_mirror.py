"""What the mirror of whereabouts' objects needs: who mirrors, and an outbox of the pools that changed.

Revision ID: 0006
Revises: 0005
"""

from rowhouse.store.migration import scripts

revision = "0006"
down_revision = "0005"
upgrade, downgrade = scripts(revision, beside=__file__)
