"""The chart's values for a login at an OpenID Connect provider, in the server that gets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trustme

from chart.kubelet import Kubelet
from rowhouse.app import create_app
from rowhouse.settings import Settings
from web.people.oidc_issuer import CLIENT, SECRET, issuing
from web.people.person import Person

if TYPE_CHECKING:
    from pathlib import Path

    from chart.helm import Helm
    from fixtures.databases import Database


def test_people_log_in_at_the_provider_that_the_values_name(
    helm: Helm, database: Database, tmp_path: Path
) -> None:
    ca = trustme.CA().cert_pem.bytes().decode()
    release = helm.template("ha-values.yaml", f"--set=oidc.clientId={CLIENT}")
    with issuing() as issuer:
        kubelet = Kubelet(
            release,
            tmp_path,
            node="node1",
            token=lambda *_: "token",
            places={"https://sso.example/realms/main": issuer.url},
            brought={
                ("Secret", "rowhouse-oidc"): {"client-secret": f"{SECRET}\n"},
                ("Secret", "sso-ca"): {"ca.crt": ca},
                ("ConfigMap", "kube-root-ca.crt"): {"ca.crt": ca},
            },
        )
        pod = release.pod("server")
        kubelet.mounts(pod)
        given = kubelet.environment(pod) | {"ROWHOUSE_DATABASE_URL": database.url}
        app = create_app(Settings.from_environment(given))
        try:
            person = Person(app, url="https://rowhouse.example")
            issuer.claims = {"groups": None, "realm_access": {"roles": ["netops"]}}
            there = person.get("/login/oidc").headers["Location"]
            headers = {"Sec-Fetch-Site": "cross-site"}
            assert person.get(issuer.log_in(there), headers=headers).status_code == 303
            page = person.get("/").text
        finally:
            app.extensions["rowhouse"].store.close()
    assert "oidc:ada@example.org" in page
    assert '<span class="tag">operator</span>' in page
    ((_, proof),) = issuer.token_requests
    assert proof is not None  # by the secret
