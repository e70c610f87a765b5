"""The dry cluster's API server, as far as Rowhouse's servers ask it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auth.issuer import JWKS_PATH, claims
from cluster.dry.asked import Asked
from cluster.dry.store import Refused, Store
from fixtures.signing import signed
from rowhouse.auth.clusters import TrustedCluster
from rowhouse.auth.placement import ApiServerPods
from rowhouse.domain.errors import TryAgain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GROUP = "rbac.authorization.k8s.io"
ACCOUNT = {"kind": "ServiceAccount", "name": "rowhouse-server", "namespace": "ipam"}


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Asked]:
    with Asked(away=tmp_path / "away") as server:
        spec = {"nodeName": "node2", "containers": [{"name": "sleep", "image": "any"}]}
        server.store.put("pods", "shop", {"metadata": {"name": "web-0"}, "spec": spec})
        yield server


@pytest.fixture
def pods(asked: Asked, tmp_path: Path) -> ApiServerPods:
    token = tmp_path / "token"
    token.write_text(signed(claims(sub="system:serviceaccount:ipam:rowhouse-server")))
    trusted = TrustedCluster(
        jwks=asked.url + JWKS_PATH, token_file=str(token), verify_placement=True
    )
    return ApiServerPods([trusted])


def may_get_pods(asked: Asked) -> None:
    named = {"metadata": {"name": "pods"}}
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    asked.store.put("clusterroles", "", {**named, "rules": rules})
    reference = {"apiGroup": GROUP, "kind": "ClusterRole", "name": "pods"}
    made = {**named, "roleRef": reference, "subjects": [ACCOUNT]}
    asked.store.put("clusterrolebindings", "", made)


def test_it_tells_where_a_pod_runs(asked: Asked, pods: ApiServerPods) -> None:
    may_get_pods(asked)
    found = pods.find("", "shop", "web-0")
    assert found is not None
    assert found.node == "node2"
    assert found.uids == (asked.store.get("pods", "shop", "web-0")["metadata"]["uid"],)
    assert pods.find("", "shop", "gone") is None


def test_nothing_is_made_in_a_namespace_that_ends_or_is_not_there() -> None:
    # As tests/recorded/apiserver/writes.json has it.
    store = Store()
    with pytest.raises(Refused, match=r'^404 NotFound: namespaces "shop" not found$'):
        store.check_namespace("events", "shop", "said")
    metadata = {"name": "shop"}
    store.put("namespaces", "", {"metadata": metadata})
    store.check_namespace("events", "shop", "said")
    ending = {**metadata, "deletionTimestamp": "2026-01-01T00:00:00Z"}
    store.put("namespaces", "", {"metadata": ending})
    with pytest.raises(Refused, match=r"^403 Forbidden: .* because it is being terminated$"):
        store.check_namespace("events", "shop", "said")


def test_it_tells_nothing_without_a_role(pods: ApiServerPods) -> None:
    with pytest.raises(TryAgain, match='"system:serviceaccount:ipam:rowhouse-server" cannot get'):
        pods.find("", "shop", "web-0")


def test_it_does_not_answer_while_it_is_away(asked: Asked, pods: ApiServerPods) -> None:
    may_get_pods(asked)
    asked.away.touch()
    with pytest.raises(TryAgain, match="could not be read"):
        pods.find("", "shop", "web-0")
    asked.away.unlink()
    assert pods.find("", "shop", "web-0") is not None
