"""A stage for each test."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fixtures.apiserver.auth.users import ADMINISTRATOR_TOKEN
from k8s.museum.looks import Clock
from k8s.owners.claims import put_claim
from k8s.owners.stage import DEFINITIONS, Stage
from k8s.running import until
from rowhouse.app import create_app
from rowhouse.auth.clusters import TrustedCluster
from rowhouse.auth.placement import ApiServerPods
from rowhouse.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg
    from flask import Flask
    from psycopg.rows import TupleRow

    from fixtures.apiserver import ApiServer
    from fixtures.databases import Database
    from rowhouse.k8s.client import KubernetesClient

    Session = psycopg.Connection[TupleRow]


@pytest.fixture
def app(database: Database, kube: ApiServer, tmp_path: Path) -> Iterator[Flask]:
    """A server that may read the pods of the cluster."""
    token = tmp_path / "token"
    token.write_text(ADMINISTRATOR_TOKEN)
    app = create_app(Settings(database_url=database.url))
    trusted = TrustedCluster(
        jwks=f"{kube.url}/openid/v1/jwks", token_file=str(token), verify_placement=True
    )
    ours = app.extensions["rowhouse"]
    pods = ApiServerPods([trusted])
    app.extensions["rowhouse"] = replace(ours, pods=pods)
    yield app
    pods.close()
    ours.store.close()


@pytest.fixture
def stage(
    kube: ApiServer, app: Flask, client: KubernetesClient, session: Session, dba: Session
) -> Stage:
    """A cluster that serves the kinds of KubeVirt and IPAMClaims."""
    kube.parts.definition_seconds = 0
    for definition in DEFINITIONS:
        kube.put("customresourcedefinitions", definition)
        kube.parts.kinds.establish(definition)
    until(lambda: {"virtualmachines", "ipamclaims"} <= {one.plural for one in kube.parts.kinds})
    return Stage(kube, app.test_client(), client, session, dba, Clock(dba))


@pytest.fixture
def by_claim(stage: Stage) -> None:
    """The network keeps addresses for claims, and there is one."""
    stage.ipam["allowPersistentIPs"] = True
    put_claim(stage)
