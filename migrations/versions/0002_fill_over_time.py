"""How full the pools were, over time: samples, trends.

Revision ID: 0002
Revises: 0001
"""

from rowhouse.store.migration import scripts

revision = "0002"
down_revision = "0001"
upgrade, downgrade = scripts(revision, beside=__file__)
