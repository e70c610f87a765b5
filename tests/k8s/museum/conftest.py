"""A reconciler whose clock goes on when the test says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from k8s.museum.looks import GRACE, Clock
from rowhouse.ipam.reconcile import Reconciler
from rowhouse.k8s.pods import KubernetesPods

if TYPE_CHECKING:
    import psycopg
    from lightkube import Client
    from psycopg.rows import TupleRow

    Session = psycopg.Connection[TupleRow]


@pytest.fixture
def clock(dba: Session) -> Clock:
    return Clock(dba)


@pytest.fixture
def reconciler(session: Session, client: Client, clock: Clock) -> Reconciler:
    return Reconciler(session, "", KubernetesPods(client), grace=GRACE, settle=5.0, clock=clock)
