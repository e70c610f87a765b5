"""The schema: networks, pools, free space, reservations, attachments, tenures, audit; the allocator.

Revision ID: 0001
Revises:
"""

from rowhouse.store.migration import scripts

revision = "0001"
down_revision = None
upgrade, downgrade = scripts(revision, beside=__file__)
