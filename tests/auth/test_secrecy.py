"""No token is ever in a log, whether it is good, bad or in the wrong place."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from auth.issuer import claims
from fixtures.servers import serving
from fixtures.signing import signed
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


CALL = b'{"cniVersion": "1.1.0", "name": "n", "ipam": {"type": "rowhouse", "range": "10.0.0.0/24"}}'
PASSWORD = "s3cr3t-of-the-database"
COMMANDS = (("db", "check"), ("db", "prune", "--older-than", "1d", "--yes"), ("pool", "list"))


@pytest.mark.slow
@pytest.mark.parametrize("place", ["127.0.0.1:1/none", "[::1/broken", "127.0.0.1:x/none"])
def test_the_databases_password_is_in_nothing_that_is_written(tmp_path: Path, place: str) -> None:
    """Not in the log, at its most talkative, nor on a terminal, nor in an answer."""
    url = f"postgresql://rowhouse:{PASSWORD}@{place}"
    environment = {"ROWHOUSE_DATABASE_URL": url, "ROWHOUSE_LOG_LEVEL": "DEBUG"}
    commands = COMMANDS if place.startswith("127.0.0.1:1/") else COMMANDS[:1]

    def run(command: tuple[str, ...]) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "rowhouse", *command],
            env=os.environ | environment,
            capture_output=True,
            timeout=240,
            check=False,
        )

    # At the same time: each waits some seconds for the database.
    with ThreadPoolExecutor() as threads:
        for command, done in zip(commands, threads.map(run, commands), strict=True):
            assert done.returncode != 0, command
            assert PASSWORD.encode() not in done.stdout + done.stderr, command
    if not place.startswith("127.0.0.1:1/"):
        return
    written = b""
    quick = {"ROWHOUSE_POOL_TIMEOUT": "0.5"}
    with serving(tmp_path, environment=environment | quick) as server:
        for method, path in (("GET", "/readyz"), ("POST", "/cni"), ("GET", "/metrics")):
            connection = http.client.HTTPConnection(urlsplit(server.url).netloc)
            connection.request(method, path, CALL, {"CNI-Command": "STATUS"})
            written += connection.getresponse().read()
            connection.close()
    written += server.log.read_bytes() + server.output.read_bytes()
    assert PASSWORD.encode() not in written
    assert b"127.0.0.1" in written
