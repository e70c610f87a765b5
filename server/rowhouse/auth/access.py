"""The settings about access; docs/reference/settings.md lists them, docs/reference/access.md explains."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pydantic

from rowhouse.auth.caller import PersonRole  # noqa: TC001 - pydantic reads the annotations
from rowhouse.auth.clusters import (
    DEFAULT_SERVICE_ACCOUNT,
    TrustedCluster,
    is_private,
    refuse_shown_tokens,
)
from rowhouse.auth.limits import Rate

Mode = Literal["auto", "required", "off"]


class AccessSettings(pydantic.BaseModel):
    """Who may call, and how often."""

    auth: Mode = "auto"
    """"required": nobody without a token; "off": everybody may do everything; "auto": the first
    once a token was made or a cluster is trusted, until then the second, on loopback only."""

    cluster: str = ""
    """Name of the one cluster that is trusted by the following settings."""

    jwt_issuer: str = ""
    """`iss` of the cluster's service account tokens."""

    jwks: str = ""
    """The cluster's public keys, a file or a URL."""

    token_review: str = ""
    """The URL of the cluster's API server, to ask it about each token."""

    kubernetes_ca_file: str = ""
    """Certificate authorities for these URLs."""

    kubernetes_token_file: str = ""
    """Our own token for these URLs."""

    node_service_accounts: str = DEFAULT_SERVICE_ACCOUNT
    """NAMESPACE/NAME, separated by commas: whose tokens are a node's."""

    verify_placement: bool = False
    """Ask the cluster's API server where a pod runs if two nodes call for the same pod."""

    trust_node_header: bool = False
    """Believe the header about the node where a token names none (Kubernetes before 1.30)."""

    clusters: dict[str, dict[str, Any]] = pydantic.Field(default_factory=dict)
    """Several clusters: the keys of `TrustedCluster` by the cluster's name."""

    metrics_auth: bool = False
    """/metrics needs the role viewer."""

    node_rate: float = pydantic.Field(default=200.0, ge=0, le=1e6)
    """Requests a second of each node; 0: no limit."""

    node_burst: int = pydantic.Field(default=1000, ge=1, le=10**6)
    """Requests of a node at once."""

    caller_rate: float = pydantic.Field(default=50.0, ge=0, le=1e6)
    """Requests a second of each other caller; 0: no limit."""

    caller_burst: int = pydantic.Field(default=200, ge=1, le=10**6)
    """Requests of another caller at once."""

    failure_rate: float = pydantic.Field(default=0.5, ge=0, le=1e6)
    """Refused tokens a second of each client address; 0: no limit."""

    failure_burst: int = pydantic.Field(default=30, ge=1, le=10**6)
    """Refused tokens of a client address at once."""

    public_url: str = ""
    """Where browsers reach the pages, if a proxy is between: https://rowhouse.example.org."""

    session_seconds: float = pydantic.Field(default=43_200.0, ge=60, le=2_592_000)
    """How long a login in a browser lasts at most."""

    oidc_issuer: str = ""
    """The OpenID Connect provider that people may log in with; "" for none."""

    oidc_client_id: str = ""
    """Our name there."""

    oidc_client_secret_file: str = ""
    """File with our secret there; without one we are a public client, with PKCE alone."""

    oidc_scopes: str = "openid profile email"
    """What we ask to be told about people."""

    oidc_ca_file: str = ""
    """Certificate authorities for the provider."""

    oidc_name_claim: str = "email"
    """The claim by which somebody is called in history and audit."""

    oidc_role_claim: str = "groups"
    """The claim that decides about the role."""

    oidc_roles: dict[str, PersonRole] = pydantic.Field(default_factory=dict)
    """Role by a value of that claim; "*" for everybody who can log in there."""

    tls_cert: str = ""
    """File with the certificate chain; with it the server speaks HTTPS only."""

    tls_key: str = ""
    """File with its private key, unless that is in the certificate's file."""

    @pydantic.field_validator("clusters")
    @classmethod
    def _each_is_understood(cls, given: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for name, keys in given.items():
            _trusted(name, keys)
        return given

    @pydantic.model_validator(mode="after")
    def _the_one_is_understood(self) -> AccessSettings:
        self.trusted_clusters()
        if self.tls_key and not self.tls_cert:
            raise ValueError("ROWHOUSE_TLS_KEY is set and ROWHOUSE_TLS_CERT is not")
        return self

    @pydantic.field_validator("public_url")
    @classmethod
    def _an_origin(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (
            parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/")
        ):
            raise ValueError("not the URL of a server without a path: https://rowhouse.example.org")
        return url.rstrip("/")

    @pydantic.model_validator(mode="after")
    def _the_provider_is_understood(self) -> AccessSettings:
        if not self.oidc_issuer:
            return self
        if not is_private(self.oidc_issuer):
            raise ValueError(f"ROWHOUSE_OIDC_ISSUER must be https: {self.oidc_issuer!r}")
        for name in ("oidc_client_id", "oidc_roles", "public_url"):
            if not getattr(self, name):
                raise ValueError(f"ROWHOUSE_OIDC_ISSUER needs ROWHOUSE_{name.upper()}")
        for name in ("oidc_client_secret_file", "oidc_ca_file"):
            path = getattr(self, name)
            if path and not Path(path).is_file():
                raise ValueError(f"ROWHOUSE_{name.upper()}: there is no file {path!r}")
        if "openid" not in self.oidc_scopes.split():
            raise ValueError(f"ROWHOUSE_OIDC_SCOPES must have openid: {self.oidc_scopes!r}")
        return self

    def trusted_clusters(self) -> tuple[TrustedCluster, ...]:
        """The clusters whose service account tokens are taken."""
        common = {
            "service_accounts": [name.strip() for name in self.node_service_accounts.split(",")],
            "trust_node_header": self.trust_node_header,
        }
        trusted = [_trusted(name, {**common, **keys}) for name, keys in self.clusters.items()]
        if self.jwks or self.token_review:
            keys = {
                "issuer": self.jwt_issuer,
                "jwks": self.jwks,
                "token_review": self.token_review,
                "ca_file": self.kubernetes_ca_file,
                "token_file": self.kubernetes_token_file,
                "verify_placement": self.verify_placement,
            }
            trusted.append(_trusted(self.cluster, {**common, **keys}))
        refuse_shown_tokens(trusted)
        return tuple(trusted)

    @property
    def node_limit(self) -> Rate:
        """How often each node may call."""
        return Rate(per_second=self.node_rate, burst=self.node_burst)

    @property
    def caller_limit(self) -> Rate:
        """How often everybody else may call."""
        return Rate(per_second=self.caller_rate, burst=self.caller_burst)

    @property
    def failure_limit(self) -> Rate:
        """How often an address may present a token that is refused."""
        return Rate(per_second=self.failure_rate, burst=self.failure_burst)


def _trusted(name: str, keys: dict[str, Any]) -> TrustedCluster:
    try:
        return TrustedCluster(**{**keys, "cluster": name})
    except pydantic.ValidationError as invalid:
        first = invalid.errors()[0]
        where = ".".join([f'cluster "{name}"' if name else "the cluster", *map(str, first["loc"])])
        raise ValueError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from None
