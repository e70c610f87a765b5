"""Taking over the addresses of whereabouts: import, and the calls for what it left unnamed.

Revision ID: 0003
Revises: 0002
"""

from rowhouse.store.migration import scripts

revision = "0003"
down_revision = "0002"
upgrade, downgrade = scripts(revision, beside=__file__)
