"""HTTPS by the server itself, with a certificate that may change while it runs."""

from __future__ import annotations

import http.client
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import trustme
from click.testing import CliRunner

from fixtures.servers import serving
from rowhouse.auth.certificate import Certificate
from rowhouse.cli import main
from rowhouse.domain.errors import NotReady

if TYPE_CHECKING:
    from pathlib import Path

    from fixtures.databases import Database
    from fixtures.servers import Server


class Files:
    """The two files, and the authorities that have signed what is in them."""

    def __init__(self, folder: Path) -> None:
        self.chain, self.key = folder / "tls.crt", folder / "tls.key"
        self.renew()

    def renew(self) -> None:
        """Another authority's certificate, the way Kubernetes replaces files: at once."""
        self.authority = trustme.CA()
        issued = self.authority.issue_cert("127.0.0.1")
        for file, pem in (
            (self.chain, issued.cert_chain_pems[0].bytes()),
            (self.key, issued.private_key_pem.bytes()),
        ):
            fresh = file.with_suffix(".new")
            fresh.write_bytes(pem)
            fresh.rename(file)

    def client(self, server: Server) -> http.client.HTTPSConnection:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return http.client.HTTPSConnection(
            urlsplit(server.url).netloc, context=context, timeout=120
        )


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def livez(connection: http.client.HTTPSConnection) -> int:
    connection.request("GET", "/livez")
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_a_new_certificate_is_for_new_connections_and_open_ones_stay(
    database: Database, files: Files, tmp_path: Path
) -> None:
    arguments = ["--tls-cert", str(files.chain), "--tls-key", str(files.key)]
    with serving(
        tmp_path, arguments=arguments, environment={"ROWHOUSE_DATABASE_URL": database.url}
    ) as server:
        assert server.url.startswith("https://127.0.0.1:")
        old = files.client(server)
        assert livez(old) == 200
        assert old.sock.version() == "TLSv1.3"
        opened = old.sock
        files.renew()
        new = files.client(server)
        assert livez(new) == 200
        assert livez(old) == 200
        assert old.sock is opened
        # One half is there and the other is not yet: what was before goes on.
        files.key.write_bytes(trustme.CA().issue_cert("127.0.0.1").private_key_pem.bytes())
        new.close()
        assert livez(new) == 200
        new.close()
        old.close()
        plain = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=120)
        plain.request("GET", "/livez")
        with pytest.raises((http.client.HTTPException, OSError)):
            plain.getresponse()
        plain.close()
    log = server.log.read_text()
    assert "certificate_reloaded" in log
    assert "certificate_unusable" in log


def test_a_certificate_from_the_environment_may_hold_its_key(tmp_path: Path) -> None:
    issued = trustme.CA().issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "both.pem"))
    context = Certificate(str(tmp_path / "both.pem")).context()
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3


def test_the_same_files_are_loaded_once(files: Files) -> None:
    certificate = Certificate(str(files.chain), str(files.key))
    first = certificate.context()
    assert certificate.context() is first
    files.renew()
    second = certificate.context()
    assert second is not first
    files.chain.unlink()
    assert certificate.context() is second


def test_an_unusable_certificate_is_named(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.key.write_text("no key")
    with pytest.raises(NotReady, match=str(files.key)):
        Certificate(str(files.chain), str(files.key))
    with pytest.raises(NotReady, match="nowhere"):
        Certificate(str(tmp_path / "nowhere"))
    monkeypatch.setenv("ROWHOUSE_DATABASE_URL", "postgresql://db/x")
    alone = CliRunner().invoke(main, ["serve", "--tls-key", str(files.key)])
    assert alone.exit_code == 2
    assert "--tls-key needs --tls-cert" in alone.output
