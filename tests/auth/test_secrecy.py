"""No token is ever in a log, whether it is good, bad or in the wrong place."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from auth.issuer import claims, signed
from fixtures.servers import serving
from rowhouse.auth.static import new_token

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fixtures.databases import Database


def test_tokens_are_in_no_log(
    database: Database, make_token: Callable[..., str], tmp_path: Path
) -> None:
    secrets = [make_token("node"), make_token("viewer"), new_token(), signed(claims()), "x.y.z"]
    environment = {"ROWHOUSE_DATABASE_URL": database.url, "ROWHOUSE_LOG_LEVEL": "DEBUG"}
    with serving(tmp_path, environment=environment) as server:
        for secret in secrets:
            for headers in (
                {"Authorization": f"Bearer {secret}"},
                {"Authorization": secret},
                {"Authorization": f"Digest {secret}"},
            ):
                for method, path in (("POST", "/cni"), ("GET", "/api/v1/pools")):
                    connection = http.client.HTTPConnection(urlsplit(server.url).netloc)
                    connection.request(method, path, b"{}", headers)
                    body = connection.getresponse().read()
                    connection.close()
                    assert secret.encode() not in body
    log = server.log.read_text() + server.output.read_text()
    assert '"refused"' in log
    for secret in secrets:
        assert secret not in log
