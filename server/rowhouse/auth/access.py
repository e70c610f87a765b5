"""The access settings; docs/reference/settings.md lists them, docs/reference/access.md explains them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
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
from rowhouse.domain.invalid_values import explained
from rowhouse.domain.limits import MAX_LABEL

Namespace = Annotated[str, pydantic.Field(min_length=1, max_length=MAX_LABEL)]
Mode = Literal["auto", "required", "off"]


class AccessSettings(pydantic.BaseModel):
    """The settings for access control and rate limits."""

    auth: Mode = "auto"
    """"required": every request needs a token; "off": every client may do everything; "auto": "required" as soon
    as a token exists or a cluster is trusted, and until then "off", on loopback only."""

    cluster: str = ""
    """Name of the one cluster that the following settings trust."""

    jwt_issuer: str = ""
    """`iss` of the cluster's service account tokens."""

    jwks: str = ""
    """The cluster's public keys, a file or a URL."""

    token_review: str = ""
    """The URL of the cluster's API server, which then reviews each token."""

    kubernetes_ca_file: str = ""
    """Certificate authorities for these URLs."""

    kubernetes_token_file: str = ""
    """The server's own token for these URLs."""

    node_service_accounts: str = DEFAULT_SERVICE_ACCOUNT
    """Service accounts of nodes: NAMESPACE/NAME, separated by commas."""

    verify_placement: bool = False
    """Ask the cluster's API server where a pod runs if two nodes call for the same pod."""

    trust_node_header: bool = False
    """Trust the node header if a token names no node (Kubernetes before 1.30)."""

    clusters: dict[str, dict[str, Any]] = pydantic.Field(default_factory=dict)
    """Several clusters: the keys of `TrustedCluster` by the cluster's name."""

    metrics_auth: bool = False
    """/metrics requires the role viewer."""

    node_rate: float = pydantic.Field(default=200.0, ge=0, le=1e6)
    """Requests per second from each node; 0: no limit."""

    node_burst: int = pydantic.Field(default=1000, ge=1, le=10**6)
    """Burst of requests from each node."""

    caller_rate: float = pydantic.Field(default=50.0, ge=0, le=1e6)
    """Requests per second from each other caller; 0: no limit."""

    caller_burst: int = pydantic.Field(default=200, ge=1, le=10**6)
    """Burst of requests from each other caller."""

    failure_rate: float = pydantic.Field(default=0.5, ge=0, le=1e6)
    """Refused tokens per second from each client address; 0: no limit."""

    failure_burst: int = pydantic.Field(default=30, ge=1, le=10**6)
    """Burst of refused tokens from each client address."""

    public_url: str = ""
    """The URL of the pages for browsers, if there is a proxy in between: https://rowhouse.example.org."""

    session_seconds: float = pydantic.Field(default=43_200.0, ge=60, le=2_592_000)
    """Maximum duration of a login in a browser."""

    oidc_issuer: str = ""
    """The OpenID Connect provider for logins; "" for none."""

    oidc_client_id: str = ""
    """The server's client id at the provider."""

    oidc_client_secret_file: str = ""
    """File with the client secret; without it the server is a public client and uses PKCE only."""

    oidc_scopes: str = "openid profile email"
    """The scopes to request."""

    oidc_ca_file: str = ""
    """Certificate authorities for the provider."""

    oidc_name_claim: str = "email"
    """The claim with the user's name for history and audit."""

    oidc_role_claim: str = "groups"
    """The claim that determines the role."""

    oidc_roles: dict[str, PersonRole] = pydantic.Field(default_factory=dict)
    """Roles by value of that claim; "*" matches every user of the provider."""

    oidc_namespaces: dict[str, list[Namespace]] = pydantic.Field(default_factory=dict)
    """Namespaces of teams by value of that claim. A role that `oidc_roles` gives counts instead."""

    tls_cert: str = ""
    """File with the certificate chain; with it the server serves HTTPS only."""

    tls_key: str = ""
    """File with its private key, if it is not in the certificate's file."""

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
            raise ValueError("ROWHOUSE_TLS_KEY is set but ROWHOUSE_TLS_CERT is not")
        return self

    @pydantic.field_validator("public_url")
    @classmethod
    def _an_origin(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (
            parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/")
        ):
            raise ValueError("not a URL without a path, such as https://rowhouse.example.org")
        return url.rstrip("/")

    @pydantic.model_validator(mode="after")
    def _the_provider_is_understood(self) -> AccessSettings:
        if not self.oidc_issuer:
            return self
        if not is_private(self.oidc_issuer):
            raise ValueError(f"ROWHOUSE_OIDC_ISSUER must be https: {self.oidc_issuer!r}")
        for name in ("oidc_client_id", "public_url"):
            if not getattr(self, name):
                raise ValueError(f"ROWHOUSE_OIDC_ISSUER needs ROWHOUSE_{name.upper()}")
        if not self.oidc_roles and not self.oidc_namespaces:
            raise ValueError(
                "ROWHOUSE_OIDC_ISSUER needs ROWHOUSE_OIDC_ROLES or ROWHOUSE_OIDC_NAMESPACES"
            )
        for name in ("oidc_client_secret_file", "oidc_ca_file"):
            path = getattr(self, name)
            if path and not Path(path).is_file():
                raise ValueError(f"ROWHOUSE_{name.upper()}: there is no file {path!r}")
        if "openid" not in self.oidc_scopes.split():
            raise ValueError(f"ROWHOUSE_OIDC_SCOPES must contain openid: {self.oidc_scopes!r}")
        return self

    def trusted_clusters(self) -> tuple[TrustedCluster, ...]:
        """The clusters whose service account tokens are accepted."""
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
        """The rate limit of each node."""
        return Rate(per_second=self.node_rate, burst=self.node_burst)

    @property
    def caller_limit(self) -> Rate:
        """The rate limit of every other caller."""
        return Rate(per_second=self.caller_rate, burst=self.caller_burst)

    @property
    def failure_limit(self) -> Rate:
        """The rate limit of refused tokens per client address."""
        return Rate(per_second=self.failure_rate, burst=self.failure_burst)


def _trusted(name: str, keys: dict[str, Any]) -> TrustedCluster:
    try:
        return TrustedCluster(**{**keys, "cluster": name})
    except pydantic.ValidationError as invalid:
        first = invalid.errors()[0]
        where = ".".join([f'cluster "{name}"' if name else "the cluster", *map(str, first["loc"])])
        raise ValueError(f"{where}: {explained(first)}") from None
