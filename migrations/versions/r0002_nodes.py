"""Nodes.

Revision ID: r0002
Revises: r0001
"""

from rowhouse.store.connection.migration import scripts

revision = "r0002"
down_revision = "r0001"
upgrade, downgrade = scripts(revision, beside=__file__)
