"""Documents from servers whose authorities Kubernetes renews."""

from __future__ import annotations

import ssl
import threading
from http.server import HTTPServer
from typing import TYPE_CHECKING

import pytest
import trustme

from fixtures.http import Quiet
from rowhouse.auth.fetch import fetch
from rowhouse.domain.errors import TryAgain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Document(Quiet):
    def do_GET(self) -> None:  # noqa: N802 - http.server calls it so
        self.answer(b'{"keys": []}', "application/json")


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def url(authority: trustme.CA) -> Iterator[str]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = HTTPServer(("127.0.0.1", 0), Document)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"https://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_renewed_authorities_hold_from_the_next_request_on(
    url: str, authority: trustme.CA, tmp_path: Path
) -> None:
    trusted = tmp_path / "ca.crt"
    for now, is_trusted in ((authority, True), (trustme.CA(), False), (authority, True)):
        fresh = trusted.with_suffix(".new")
        fresh.write_bytes(now.cert_pem.bytes())
        fresh.rename(trusted)
        for _ in range(2):
            if is_trusted:
                assert fetch(url, ca_file=str(trusted)) == {"keys": []}
            else:
                with pytest.raises(TryAgain, match="certificate verify failed"):
                    fetch(url, ca_file=str(trusted))
    trusted.unlink()
    with pytest.raises(TryAgain, match="No such file"):
        fetch(url, ca_file=str(trusted))
