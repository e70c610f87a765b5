"""What the pages need: sessions of browsers, and a release of what was looked at.

Revision ID: 0005
Revises: 0004
"""

from rowhouse.store.migration import scripts

revision = "0005"
down_revision = "0004"
upgrade, downgrade = scripts(revision, beside=__file__)
