"""`X-Forwarded-Proto` counts if it comes from a proxy that the settings name."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING

import pytest

from fixtures.servers import serving

if TYPE_CHECKING:
    from pathlib import Path

    from fixtures.databases import Database


@pytest.mark.parametrize(
    ("environment", "is_believed"),
    [
        ({}, False),
        ({"FORWARDED_ALLOW_IPS": "*"}, False),
        ({"ROWHOUSE_FORWARDED_ALLOW_IPS": "192.0.2.0/24"}, False),
        ({"ROWHOUSE_FORWARDED_ALLOW_IPS": "192.0.2.0/24, 127.0.0.1"}, True),
    ],
)
def test_only_a_proxy_of_the_settings_is_believed(
    database: Database, tmp_path: Path, environment: dict[str, str], *, is_believed: bool
) -> None:
    environment = {
        "ROWHOUSE_DATABASE_URL": database.url,
        "ROWHOUSE_AUTH": "required",
        **environment,
    }
    with serving(tmp_path, environment=environment) as server:
        request = urllib.request.Request(
            server.url + "/login", headers={"X-Forwarded-Proto": "https"}
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            cookies = answer.headers.get_all("Set-Cookie")
    assert cookies
    assert all(("; secure" in cookie.lower()) is is_believed for cookie in cookies)
