"""A cluster beside the database."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psycopg
import pytest

from fixtures.apiserver import ApiServer
from fixtures.forked import Forked
from fixtures.pods import Pods
from k8s.running import HURRIED, PROMPT, Running
from rowhouse.k8s.client import kubernetes_client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from psycopg.rows import TupleRow

    from fixtures.databases import Database
    from rowhouse.k8s.client import KubernetesClient
    from rowhouse.store.connection.database import Database as Store


@pytest.fixture
def kube() -> Iterator[ApiServer]:
    """A cluster with two nodes that are ready, and a pod of no concern."""
    with ApiServer() as running:
        running.node("node1")
        running.node("node2")
        running.pod("bystander", namespace="kube-system")
        yield running


@pytest.fixture
def kube_config(kube: ApiServer, tmp_path: Path) -> Path:
    """A kubeconfig file for it."""
    return kube.kubeconfig(tmp_path, namespace="kube-system")


@pytest.fixture
def client(kube_config: Path) -> Iterator[KubernetesClient]:
    """The client that the controller would use."""
    with kubernetes_client(str(kube_config)) as opened:
        yield opened


@pytest.fixture
def session(database: Database) -> Iterator[psycopg.Connection[TupleRow]]:
    """The leader's connection."""
    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        yield connection


@pytest.fixture
def pods(store: Store) -> Pods:
    """Pods of this cluster, which has no name."""
    return Pods(store, cluster="")


@pytest.fixture
def start(
    database: Database, kube_config: Path, tmp_path: Path
) -> Iterator[Callable[..., Running]]:
    """Starts a controller that does not wait long; all are ended with the test."""
    with contextlib.ExitStack() as stack:

        def begin(*options: str) -> Running:
            log = tmp_path / f"controller-{time.monotonic_ns()}.log"
            command = [sys.executable, str(HURRIED), "controller", *(options or PROMPT)]
            out = stack.enter_context(log.open("wb"))
            process = Forked(
                [*command, "--kubeconfig", str(kube_config)],
                env={**os.environ, "ROWHOUSE_DATABASE_URL": database.url},
                stdout=out,
                stderr=subprocess.STDOUT,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            return Running(process, log)

        yield begin


@pytest.fixture(autouse=True)
def integrity(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test does with a database, that finds no problem afterwards."""
    if "database" not in request.fixturenames:
        yield
        return
    dba: psycopg.Connection[TupleRow] = request.getfixturevalue("dba")
    yield
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []
