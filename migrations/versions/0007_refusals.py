"""Refused ADDs, kept until the controller has made Kubernetes events of them.

Revision ID: 0007
Revises: 0006
"""

from rowhouse.store.migration import scripts

revision = "0007"
down_revision = "0006"
upgrade, downgrade = scripts(revision, beside=__file__)
