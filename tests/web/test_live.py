"""Pages that follow what happens, on the real server: what is sent, and what it costs all other clients."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import trustme

from fixtures import servers
from fixtures.live import looking
from fixtures.pods import Pods, subnet

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.databases import Database
    from fixtures.servers import Server

THREADS = 4
VIEWERS = 100
POOL = subnet("10.0.0.0/24")
NETWORK = {
    "cniVersion": "1.0.0",
    "name": "mynet",
    "type": "ipvlan",
    "ipam": {"type": "rowhouse", "range": "10.0.0.0/24"},
}


@pytest.fixture
def few_threads(database: Database, tmp_path: Path) -> Iterator[Server]:
    """A server that looks after few requests at once, and after a hundred viewers."""
    with servers.serving(
        tmp_path,
        arguments=("--threads", str(THREADS)),
        environment={"ROWHOUSE_DATABASE_URL": database.url, "ROWHOUSE_LIVE_VIEWERS": str(VIEWERS)},
    ) as running:
        yield running


def status_of(server: Server, path: str) -> int:
    with looking(server, path) as stream:
        return stream.status


def get(server: Server, path: str) -> str:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=120)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Accept": "text/html"})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        return answer.read().decode()


def add(server: Server, pod: str) -> str:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=120)
    with contextlib.closing(connection):
        headers = {
            "CNI-Command": "ADD",
            "CNI-ContainerID": pod,
            "CNI-NetNS": "/run/netns/x",
            "CNI-IfName": "net1",
            "CNI-Args": f"K8S_POD_NAMESPACE=default;K8S_POD_NAME={pod}",
        }
        connection.request("POST", "/cni", json.dumps(NETWORK), headers)
        document = json.loads(connection.getresponse().read())
    return str(document["ips"][0]["address"])


def threads(server: Server) -> int:
    """The threads of the process that serves: the arbiter's only child."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text()
    (worker,) = children.split()
    return len(list(Path(f"/proc/{worker}/task").iterdir()))


@pytest.mark.slow
def test_changes_are_sent_to_every_viewer(server: Server, pods: Pods) -> None:
    pods.add("web-0", POOL)
    with (
        looking(server, "/live/pools/1") as pool,
        looking(server, "/live/addresses/1/10.0.0.2") as address,
        looking(server, "/live/pods/default/web-1") as pod,
        looking(server, "/live/overview") as overview,
    ):
        for stream in (pool, address, pod, overview):
            stream.next("part")  # as it is when the first one comes
        pods.add("web-1", POOL)
        while "10.0.0.2: pod default/web-1" not in pool.next("part")["html"]:
            pass
        for stream, words in (
            (address, "default/web-1"),
            (pod, "10.0.0.2"),
            (overview, "2 addresses reserved"),
        ):
            assert words in stream.next("part")["html"]


def test_what_changes_is_sent_by_tls_too(database: Database, pods: Pods, tmp_path: Path) -> None:
    authority = trustme.CA()
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    certificate = authority.issue_cert("127.0.0.1")
    chain, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    certificate.cert_chain_pems[0].write_to_path(chain)
    certificate.private_key_pem.write_to_path(key)
    pods.add("web-0", POOL)
    with (
        servers.serving(
            tmp_path,
            arguments=("--tls-cert", str(chain), "--tls-key", str(key)),
            environment={"ROWHOUSE_DATABASE_URL": database.url},
        ) as server,
        looking(server, "/live/pools/1", trust=trust) as pool,
        looking(server, "/live/addresses/1/10.0.0.199", trust=trust) as address,
    ):
        assert {pool.next("part")["id"] for _ in range(5)} >= {"figures", "cells-0"}
        assert "free" in address.next("part")["html"].lower()
        # More than a record of TLS, while the client does not read: it still arrives complete.
        for number in range(1, 200):
            pods.add(f"web-{number}", POOL)
        while "10.0.0.199: pod default/web-198" not in pool.next("part")["html"]:
            pass
        while "default/web-198" not in address.next("part")["html"]:
            pass


def test_only_the_cells_that_changed_are_sent(server: Server, pods: Pods) -> None:
    pods.add("web-0", POOL)
    with looking(server, "/live/pools/1") as stream:
        sent = {stream.next("part")["id"] for _ in range(5)}
        assert sent == {"figures", "cells-0", "cells-1", "cells-2", "cells-3"}
        pods.add("web-1", subnet("10.0.0.0/24", requested="10.0.0.200"))
        assert {stream.next("part")["id"] for _ in range(2)} == {"figures", "cells-3"}


def test_a_page_that_was_made_before_something_changed_is_told_so(
    server: Server, pods: Pods
) -> None:
    pods.add("web-0", POOL)
    (url, seen) = re.findall(r'data-live="([^"]+)" data-seen="([^"]+)"', get(server, "/"))[0]
    with looking(server, f"{url}&seen={seen}".replace("&amp;", "&")) as stream:
        stream.next("hello")
        stream.next("part")
        pods.add("web-1", POOL)
        stream.next("part")
        with looking(server, f"{url}&seen={seen}") as late:
            late.next("stale")
        with looking(server, url, last_id=stream.last_id) as again:
            again.next("hello")


def test_the_stream_of_a_pool_that_is_deleted_ends(
    server: Server, pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    pods.add("web-0", POOL)
    with looking(server, "/live/pools/1") as stream, looking(server, "/live/overview") as other:
        stream.next("part")
        other.next("part")
        pods.delete("web-0")
        dba.execute("DELETE FROM pools")
        stream.next("gone")
        assert stream.rest() == ""
        while "No pools yet" not in other.next("part")["html"]:
            pass


def test_a_hundred_viewers_take_no_thread_from_the_pods(few_threads: Server) -> None:
    add(few_threads, "web-0")
    before = threads(few_threads)
    with contextlib.ExitStack() as stack:
        streams = [
            stack.enter_context(looking(few_threads, f"/live/{page}"))
            for page in ("overview", "pools/1", "addresses/1/10.0.0.1", "pods/default/web-0")
            for _ in range(VIEWERS // 4)
        ]
        for stream in streams:
            stream.next("stale")  # they are looked after
        assert threads(few_threads) == before
        # More calls than there are threads, while all of them look; and each of them hears of it.
        addresses = {add(few_threads, f"web-{number}") for number in range(1, 4 * THREADS)}
        assert len(addresses) == 4 * THREADS - 1
        for stream in streams[: VIEWERS // 2]:
            stream.next("part")
        with looking(few_threads, "/live/overview") as one_more:
            assert one_more.status == 503
        assert "Address space" in get(few_threads, "/")
    # Those who have gone make room, as soon as it is noticed.
    while status_of(few_threads, "/live/overview") != 200:
        pass


def test_who_looks_does_not_keep_the_server_from_stopping(server: Server, pods: Pods) -> None:
    pods.add("web-0", POOL)
    with looking(server, "/live/overview") as stream:
        stream.next("part")
        server.process.terminate()
        assert server.process.wait(timeout=240) == 0
        with pytest.raises(AssertionError, match="ended without"):
            stream.next("nothing of this kind")


def test_each_time_zone_has_its_own_live_parts(few_threads: Server, pods: Pods) -> None:
    """The hub renders outside of requests, so it does not see the cookies of the viewers."""
    pods.add("web-0", POOL)
    path = "/live/addresses/1/10.0.0.1"
    with (
        looking(few_threads, path, cookie="rowhouse-zone=Asia/Tokyo") as east,
        looking(few_threads, path) as usual,
        looking(few_threads, path, cookie="rowhouse-zone=Asia/Tokyo") as also_east,
    ):
        texts = [stream.next("part")["html"] for stream in (east, usual, also_east)]
    assert ["Times are in Asia/Tokyo." in text for text in texts] == [True, False, True]
    assert "Times are in UTC." in texts[1]
    hours = [re.findall(r'<time datetime="[^"]+">\S+ (\d\d):', text)[0] for text in texts]
    assert (int(hours[1]) + 9) % 24 == int(hours[0]) == int(hours[2])
