"""https: nothing is sent to a server that can't prove who it is."""

from __future__ import annotations

import _ssl
import datetime as dt
import socket
import ssl
import sys
from typing import TYPE_CHECKING

import pytest
import trustme

from cni_plugin.node import BRIEFLY, PACKAGES, Node
from cni_plugin.scripted import RESULT, raw, reply, serving
from fixtures.servers import serving as a_real_server

if TYPE_CHECKING:
    from pathlib import Path

MODULES = "import posix, sys; leave = posix._exit; "
MODULES += (
    "posix._exit = lambda status: (posix.write(2, ' '.join(sys.modules).encode()), leave(status))"
)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path / "ca.pem"


def as_server(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def test_a_call_over_https_succeeds(node: Node, authority: trustme.CA, ca_file: Path) -> None:
    with serving(reply(200, RESULT), tls=as_server(authority.issue_cert("127.0.0.1"))) as server:
        node.configure(server.url, ca_file=ca_file)
        outcome = node.call(netconf=b"x" * 100_000)
    assert outcome.stdout == RESULT
    assert server.requests[0].body == b"x" * 100_000


def test_a_server_name_stands_for_an_address(
    node: Node, authority: trustme.CA, ca_file: Path
) -> None:
    context = as_server(authority.issue_cert("rowhouse.kube-system.svc"))
    with serving(reply(200, RESULT), tls=context) as server:
        node.configure(server.url, ca_file=ca_file, server_name="rowhouse.kube-system.svc")
        assert node.call().stdout == RESULT
        node.configure(server.url, ca_file=ca_file, server_name="another.kube-system.svc")
        assert node.call(before=BRIEFLY).exit_status == 1


def test_a_host_name_is_checked_and_sent(node: Node, authority: trustme.CA, ca_file: Path) -> None:
    names: list[str | None] = []
    context = as_server(authority.issue_cert("localhost"))
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with serving(reply(200, RESULT), tls=context) as server:
        node.configure(f"https://localhost:{server.port}", ca_file=ca_file)
        assert node.call().stdout == RESULT
    assert names == ["localhost"]


def test_a_certificate_of_another_host_is_refused(
    node: Node, authority: trustme.CA, ca_file: Path
) -> None:
    certificate = authority.issue_cert("rowhouse.example", "127.0.0.2")
    with serving(reply(200, RESULT), tls=as_server(certificate)) as server:
        node.configure(server.url, ca_file=ca_file)
        outcome = node.call(before=BRIEFLY)
    assert outcome.code == 11
    assert "certificate" in outcome.error["details"]
    assert server.requests == []


def test_a_certificate_of_another_authority_is_refused(node: Node, ca_file: Path) -> None:
    certificate = trustme.CA().issue_cert("127.0.0.1")
    with serving(reply(200, RESULT), tls=as_server(certificate)) as server:
        node.configure(server.url, ca_file=ca_file)
        assert "CERTIFICATE_VERIFY_FAILED" in node.call(before=BRIEFLY).error["details"]
    assert server.requests == []


def test_what_the_host_trusts_is_no_substitute_for_the_right_authority(
    node: Node, authority: trustme.CA
) -> None:
    with serving(reply(200, RESULT), tls=as_server(authority.issue_cert("127.0.0.1"))) as server:
        node.configure(server.url)
        assert node.call(before=BRIEFLY).code == 11
    assert server.requests == []


def test_an_expired_certificate_is_refused(
    node: Node, authority: trustme.CA, ca_file: Path
) -> None:
    yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    certificate = authority.issue_cert("127.0.0.1", not_after=yesterday)
    with serving(reply(200, RESULT), tls=as_server(certificate)) as server:
        node.configure(server.url, ca_file=ca_file)
        assert "expired" in node.call(before=BRIEFLY).error["details"]
    assert server.requests == []


def test_old_versions_of_tls_and_unverified_peers_are_off(
    ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(PACKAGES)
    from rowhouse_cni.tls import trusting  # noqa: PLC0415

    context = trusting(str(ca_file))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.verify_mode == _ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_unusable_ca_file_is_named(node: Node, tmp_path: Path, content: str | None) -> None:
    ca_file = tmp_path / "wrong.pem"
    if content is not None:
        ca_file.write_text(content)
    with serving(reply(200, RESULT)) as server:
        node.configure(server.url.replace("http:", "https:"), ca_file=ca_file)
        outcome = node.call(before=BRIEFLY)
    assert outcome.code == 11
    assert f"can't use ca_file {ca_file}" in outcome.error["details"]


def test_https_to_a_plain_server_is_no_answer(node: Node, ca_file: Path) -> None:
    with serving(raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        node.configure(server.url.replace("http:", "https:"), ca_file=ca_file, timeout=0.5)
        assert node.call(before=BRIEFLY).code == 11
    assert server.requests == []


def test_http_to_a_server_of_https_is_told(node: Node, authority: trustme.CA) -> None:
    with serving(reply(200), tls=as_server(authority.issue_cert("127.0.0.1"))) as server:
        node.configure(server.url.replace("https:", "http:"), timeout=60)
        assert "use https:// in `server`" in node.call("STATUS").error["details"]
    assert server.requests == []


def test_https_to_our_own_server_of_http_is_told_at_once(node: Node, tmp_path: Path) -> None:
    nowhere = {"ROWHOUSE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    with a_real_server(tmp_path, environment=nowhere | {"ROWHOUSE_AUTH": "off"}) as server:
        node.configure(server.url.replace("http:", "https:"), timeout=60)
        outcome = node.call("STATUS")
    assert outcome.seconds < 30
    assert "serves http, not https" in outcome.error["details"]
    assert "use http:// in `server`" in outcome.error["details"]


def test_a_server_that_waits_for_http_is_named_as_that(node: Node, ca_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        node.configure(url, ca_file=ca_file, timeout=0.3)
        outcome = node.call(before=BRIEFLY)
    assert outcome.exit_status == 1
    assert "TLS handshake took too long" in outcome.error["details"]


def test_a_result_cut_short_under_tls_is_no_result(
    node: Node, authority: trustme.CA, ca_file: Path
) -> None:
    cut = raw(b"HTTP/1.1 200 OK\r\n\r\n" + RESULT[:-5])
    with serving(cut, tls=as_server(authority.issue_cert("127.0.0.1"))) as server:
        node.configure(server.url, ca_file=ca_file)
        assert node.call(before=BRIEFLY).code == 11


def test_the_ssl_package_is_never_imported(
    node: Node, authority: trustme.CA, ca_file: Path
) -> None:
    with serving(reply(200, RESULT), tls=as_server(authority.issue_cert("127.0.0.1"))) as server:
        node.configure(server.url, ca_file=ca_file)
        outcome = node.call(before=MODULES)
    modules = set(outcome.stderr.decode().split())
    assert "_ssl" in modules
    assert modules.isdisjoint({"ssl", "socket", "enum", "re", "json"})
    assert len(modules) < len(sys.stdlib_module_names) / 5
