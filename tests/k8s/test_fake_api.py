"""The API server of the tests behaves as the real one where it hurts."""

from __future__ import annotations

import json
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import yaml
from lightkube import ApiError
from lightkube.generic_resource import create_namespaced_resource
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Node, Pod
from lightkube.types import PatchType

from fixtures.apiserver import ApiServer
from fixtures.kubernetes_programs import extract
from rowhouse.k8s.client import kubernetes_client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lightkube import Client

IPPool = create_namespaced_resource("whereabouts.cni.cncf.io", "v1alpha1", "IPPool", "ippools")


@pytest.fixture
def api() -> Iterator[ApiServer]:
    """An empty one."""
    with ApiServer() as running:
        yield running


@pytest.fixture
def client(api: ApiServer, tmp_path: Path) -> Iterator[Client]:
    with kubernetes_client(str(api.kubeconfig(tmp_path, namespace="kube-system"))) as opened:
        yield opened


Raw = httpx2.Client


@pytest.fixture
def raw(api: ApiServer) -> Iterator[Raw]:
    """A client that knows nothing of Kubernetes, with a token of the administrator."""
    token = {"Authorization": "Bearer secret"}
    with httpx2.Client(base_url=api.url, headers=token) as opened:
        yield opened


def pool(name: str = "10.0.0.0-24", **allocations: dict[str, str]) -> Any:
    return IPPool(
        metadata=ObjectMeta(name=name), spec={"range": "10.0.0.0/24", "allocations": allocations}
    )


def refused(error: pytest.ExceptionInfo[ApiError]) -> int:
    return int(error.value.status.code or 0)


def test_a_list_comes_in_pages_that_are_all_of_one_moment(api: ApiServer, client: Client) -> None:
    for number in range(5):
        api.pod(f"web-{number}")
    pages = iter(client.list(Pod, namespace="*", chunk_size=2))
    names = [next(pages).metadata.name]  # type: ignore[union-attr]
    api.pod("web-00")
    names += [pod.metadata.name for pod in pages]  # type: ignore[union-attr]
    assert names == [f"web-{number}" for number in range(5)]
    assert len([one for one in api.seen if "limit=2" in one]) == 3


def test_a_page_whose_token_was_compacted_is_gone(api: ApiServer, client: Client) -> None:
    for number in range(5):
        api.pod(f"web-{number}")
    pages = iter(client.list(Pod, namespace="*", chunk_size=2))
    next(pages)
    api.storage.compact()
    with pytest.raises(ApiError) as error:
        list(pages)
    assert refused(error) == 410


def test_a_write_for_an_older_version_is_a_conflict(api: ApiServer, client: Client) -> None:
    made = client.create(pool())
    client.patch(
        IPPool, made.metadata.name, {"spec": {"range": "10.0.0.0/25"}}, patch_type=PatchType.MERGE
    )
    with pytest.raises(ApiError) as error:
        client.replace(made)
    assert refused(error) == 409
    with pytest.raises(ApiError) as error:
        client.replace(pool())  # a custom resource is not replaced unseen
    assert refused(error) == 422
    with pytest.raises(ApiError) as error:
        client.create(pool())
    assert (refused(error), error.value.status.reason) == (409, "AlreadyExists")
    assert api.specs("ippools")["10.0.0.0-24"]["range"] == "10.0.0.0/25"
    assert api.all("ippools")["10.0.0.0-24"]["metadata"]["generation"] == 2


def test_a_watch_tells_what_happens_after_its_version(api: ApiServer, client: Client) -> None:
    api.pod("before")
    listed = client.list(Pod, namespace="*", chunk_size=1)
    list(listed)
    api.pod("after")
    api.delete("pods", "after", "default")
    seen = []
    for event, one in client.watch(Pod, namespace="*", resource_version=listed.resourceVersion):
        seen.append((event, one.metadata.name if one.metadata else ""))
        if event == "DELETED":
            break
    assert seen == [("ADDED", "after"), ("DELETED", "after")]


def test_a_watch_from_a_compacted_version_is_gone(api: ApiServer, client: Client) -> None:
    api.storage.compact()
    with pytest.raises(ApiError) as error:
        next(iter(client.watch(Pod, namespace="*", resource_version="1")))
    assert refused(error) == 410


def test_a_watch_has_bookmarks_and_ends_when_it_is_dropped(api: ApiServer, raw: Raw) -> None:
    query = f"watch=1&allowWatchBookmarks=true&resourceVersion={api.storage.version}"
    with raw.stream("GET", f"/api/v1/pods?{query}") as answer:
        lines = answer.iter_lines()
        threading.Timer(0, api.watches.bookmark).start()
        mark = json.loads(next(lines))
        assert (mark["type"], mark["object"]["spec"]) == ("BOOKMARK", {"containers": None})
        threading.Timer(0, api.watches.drop).start()
        assert list(lines) == []


def test_names_are_rfc_1123_subdomains(client: Client) -> None:
    for name in ("Net_X-10.0.0.0-24", "---126", "a" * 254):
        with pytest.raises(ApiError) as error:
            client.create(pool(name))
        assert refused(error) == 422


def test_the_schema_refuses_and_prunes(api: ApiServer, client: Client) -> None:
    with pytest.raises(ApiError) as error:
        client.create(pool("a", **{"1": {"podref": "default/web"}}))
    assert refused(error) == 422
    assert "spec.allocations.1.id: Required value" in str(error.value.status.message)
    client.create(pool("b", **{"1": {"podref": "default/web", "id": "x", "made": "up"}}))
    assert api.specs("ippools")["b"]["allocations"] == {"1": {"podref": "default/web", "id": "x"}}


def test_an_object_of_more_than_etcd_takes_is_refused(api: ApiServer, client: Client) -> None:
    entry = {"id": "x" * 64, "podref": "default/a-pod"}
    client.create(pool("without-managed-fields", **{str(n): entry for n in range(12_000)}))
    assert "managedFields" not in api.all("ippools")["without-managed-fields"]["metadata"]
    entries = {str(n): entry for n in range(15_000)}
    with pytest.raises(ApiError) as error:
        client.create(pool("large", **entries))
    assert refused(error) == 500
    assert "etcdserver: request is too large" in str(error.value.status.message)


def test_a_json_patch_is_all_or_nothing(api: ApiServer, client: Client) -> None:
    client.create(pool())
    add = {"op": "add", "path": "/spec/allocations/1", "value": {"id": "x", "podref": "a/b"}}
    test = {"op": "test", "path": "/metadata/resourceVersion", "value": "1"}
    with pytest.raises(ApiError) as error:
        client.patch(IPPool, "10.0.0.0-24", [add, test], patch_type=PatchType.JSON)
    assert refused(error) == 422
    assert api.specs("ippools")["10.0.0.0-24"]["allocations"] == {}
    client.patch(IPPool, "10.0.0.0-24", [add], patch_type=PatchType.JSON)
    assert api.specs("ippools")["10.0.0.0-24"]["allocations"] == {"1": {"id": "x", "podref": "a/b"}}


def test_it_refuses_throttles_fails_and_is_absent_on_demand(api: ApiServer, client: Client) -> None:
    api.faults.deny("list", "nodes")
    with pytest.raises(ApiError) as error:
        list(client.list(Node))
    assert refused(error) == 403
    api.faults.heal()
    api.faults.throttle(1, retry_after=7)
    with pytest.raises(httpx2.HTTPStatusError) as plain:
        list(client.list(Node))
    assert not isinstance(plain.value, ApiError)  # it is text
    assert plain.value.response.status_code == 429
    assert plain.value.response.headers["Retry-After"] == "7"
    api.faults.fail(1)
    with pytest.raises(ApiError) as error:
        list(client.list(Node))
    assert refused(error) == 500
    api.stop()
    with pytest.raises(httpx2.TransportError):
        list(client.list(Node))
    api.start()
    assert list(client.list(Node)) == []


def test_an_answer_may_be_lost_though_the_write_was_done(api: ApiServer, client: Client) -> None:
    api.faults.lose_answers = 1
    with pytest.raises(httpx2.TransportError):
        client.create(pool())
    assert set(api.all("ippools")) == {"10.0.0.0-24"}


def test_names_are_generated_and_metadata_comes_alone(raw: Raw) -> None:
    body = {"metadata": {"generateName": "web-"}, "spec": {"containers": []}}
    made = raw.post("/api/v1/namespaces/default/pods", json=body).json()
    assert made["metadata"]["name"].startswith("web-")
    kind = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=1"
    listed = raw.get("/api/v1/pods", headers={"Accept": kind}).json()
    assert [set(item) for item in listed["items"]] == [{"kind", "apiVersion", "metadata"}]
    assert raw.get("/api/v1/namespaces/nowhere/pods/x").status_code == 404
    missing = raw.post("/api/v1/namespaces/nowhere/pods", json={"metadata": {"name": "x"}})
    assert missing.status_code == 404


def test_the_status_is_changed_by_its_own_url(api: ApiServer, raw: Raw) -> None:
    api.pod("web")
    merge = {"Content-Type": "application/merge-patch+json"}
    both = b'{"metadata":{"labels":{"a":"b"}},"status":{"phase":"Failed"}}'
    path = "/api/v1/namespaces/default/pods/web"
    changed = raw.patch(path, content=both, headers=merge).json()
    assert (changed["metadata"]["labels"], changed["status"]["phase"]) == ({"a": "b"}, "Running")
    changed = raw.patch(f"{path}/status", content=both, headers=merge).json()
    assert changed["status"]["phase"] == "Failed"


@pytest.mark.slow
def test_many_pods_are_listed_in_pages(api: ApiServer, client: Client) -> None:
    api.load(
        "pods",
        ({"metadata": {"name": f"web-{n}"}, "spec": {"containers": []}} for n in range(20_000)),
    )
    assert sum(1 for _ in client.list(Pod, namespace="*", chunk_size=1000)) == 20_000


def test_the_real_kubectl_takes_it_for_a_cluster(
    api: ApiServer, client: Client, tmp_path: Path
) -> None:
    client.create(pool("10.0.0.0-24", **{"1": {"podref": "a/b", "id": "x"}}))
    kubectl = extract("kubectl", tmp_path)

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [kubectl, *arguments],
            env={"KUBECONFIG": str(api.kubeconfig(tmp_path, proxied=True)), "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    assert "kube-system   10.0.0.0-24" in run("get", "ippools", "-A")
    [read] = yaml.safe_load(run("get", "ippools,pods", "-A", "-o", "yaml"))["items"]
    assert read["spec"]["allocations"] == {"1": {"podref": "a/b", "id": "x"}}
    run("delete", "ippool", "10.0.0.0-24", "-n", "kube-system")
    assert api.all("ippools") == {}
