"""Login at an OpenID Connect provider in a real browser: over there, back with a session, and out again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import trustme
from playwright.sync_api import expect

from fixtures.servers import serving
from fixtures.shared import closed_port
from web.chromium.conftest import open_context
from web.chromium.visitor import Visitor
from web.people.oidc_issuer import CLIENT, Issuer, issuing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from fixtures.databases import Database
    from web.chromium.sample import Sample

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.slow]


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as running:
        yield running


@pytest.fixture
def url(sample_database: tuple[Database, Sample], issuer: Issuer, tmp_path: Path) -> Iterator[str]:
    """Of a server with TLS, so that its cookies are those of production; another site than the provider's."""
    certificate, port = trustme.CA().issue_cert("localhost"), closed_port()
    chain, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    certificate.cert_chain_pems[0].write_to_path(chain)
    certificate.private_key_pem.write_to_path(key)
    public = f"https://localhost:{port}"
    environment = {
        "ROWHOUSE_DATABASE_URL": sample_database[0].url,
        "ROWHOUSE_AUTH": "required",
        "ROWHOUSE_PUBLIC_URL": public,
        "ROWHOUSE_OIDC_ISSUER": issuer.url,
        "ROWHOUSE_OIDC_CLIENT_ID": CLIENT,
        "ROWHOUSE_OIDC_ROLES": json.dumps({"netops": "operator", "everyone": "viewer"}),
    }
    arguments = ("--bind", f"127.0.0.1:{port}", "--tls-cert", str(chain), "--tls-key", str(key))
    with serving(tmp_path, arguments=arguments, environment=environment):
        yield public


@pytest.mark.parametrize(
    ("group", "role"), [("netops", "operator"), ("everyone", "viewer")], ids=["operator", "viewer"]
)
def test_people_log_in_at_the_provider_and_out_again(
    chromium: Browser, issuer: Issuer, url: str, sample: Sample, group: str, role: str
) -> None:
    issuer.claims = {"groups": [group]}
    visitor = Visitor(open_context(chromium, [], ignore_https_errors=True), url)
    pool = f"/pools/{sample.pools['storage-a']}"
    page = visitor.goto(pool)
    page.get_by_role("link", name="Log in with").click()
    expect(page).to_have_title("SSO")
    page.get_by_role("button", name="Log in as Ada").click()
    # Back where they wanted to go, as whom and what the provider says.
    expect(page).to_have_url(url + pool)
    expect(page.get_by_role("banner")).to_contain_text("oidc:ada@example.org")
    expect(page.get_by_role("banner")).to_contain_text(role)
    reserve = page.get_by_role("link", name="Reserve", exact=True)
    expect(reserve).to_have_count(1 if role == "operator" else 0)
    kept = {cookie["name"]: cookie for cookie in visitor.context.cookies()}
    assert all(name.startswith("__Host-") and kept[name]["secure"] for name in kept)
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Token")).to_be_visible()
    visitor.goto(pool)
    expect(page.get_by_label("Token")).to_be_visible()
    visitor.check()
    visitor.close()
