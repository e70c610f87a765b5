"""The Kubernetes clusters whose service account tokens are accepted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

import pydantic

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_SERVICE_ACCOUNT: Final = "kube-system/rowhouse-node"
_ACCOUNT: Final = re.compile(r"[a-z0-9.-]+/[a-z0-9.-]+")
_JWKS_PATH: Final = "/openid/v1/jwks"
_LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}


class TrustedCluster(pydantic.BaseModel):
    """How to verify tokens of one cluster: with its public keys, or by its API server."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    cluster: str = ""
    """The name of the cluster in the database."""

    issuer: str = ""
    """`iss` of its tokens, or several separated by commas; clusters may share one. Empty: discovered."""

    audience: str = pydantic.Field(default="rowhouse", min_length=1)
    """The `aud` that tokens must have."""

    jwks: str = ""
    """Its public keys: a file, or a URL such as https://kubernetes.default.svc/openid/v1/jwks."""

    token_review: str = ""
    """Or the URL of its API server, which then reviews each token."""

    ca_file: str = ""
    """Certificate authorities for these URLs. Default: the system's."""

    token_file: str = ""
    """The server's own token for these URLs."""

    service_accounts: frozenset[str] = frozenset({DEFAULT_SERVICE_ACCOUNT})
    """The service accounts of nodes: `NAMESPACE/NAME`."""

    verify_placement: bool = False
    """Ask its API server where a pod runs if two nodes call for the same pod; the account needs to get pods."""

    trust_node_header: bool = False
    """Trust the node header if the token names no node (Kubernetes before 1.30)."""

    @pydantic.model_validator(mode="after")
    def _one_way_to_verify(self) -> Self:
        if bool(self.jwks) == bool(self.token_review):
            raise ValueError("needs either jwks or token_review, not both")
        if (
            not self.issuers
            and not self.api_server
            and not ("://" in self.jwks and self.token_file)
        ):
            raise ValueError(
                "needs issuer, the `iss` of the cluster's tokens: it can only be discovered from an API server"
                f" (token_review, or jwks at its {_JWKS_PATH}) and from the server's own token (token_file)"
            )
        if self.token_review and "://" not in self.token_review:
            raise ValueError(f"token_review is not a URL: {self.token_review!r}")
        for name, url in (("jwks", self.jwks), ("token_review", self.token_review)):
            if "://" in url and not is_private(url):
                raise ValueError(f"{name} must be https: {url!r}")
        for name, path in (("ca_file", self.ca_file), ("token_file", self.token_file)):
            if path and not Path(path).is_file():
                raise ValueError(f"{name}: there is no file {path!r}")
        for account in self.service_accounts:
            if not _ACCOUNT.fullmatch(account):
                raise ValueError(f"{account!r} is not NAMESPACE/NAME of a service account")
        return self

    @pydantic.model_validator(mode="after")
    def _an_api_server_to_ask(self) -> Self:
        if self.verify_placement and not self.api_server:
            raise ValueError(
                f"verify_placement needs the API server: token_review, or jwks at its {_JWKS_PATH}"
            )
        return self

    @property
    def issuers(self) -> tuple[str, ...]:
        """The issuers in the settings; none: they are discovered."""
        return tuple(filter(None, (one.strip() for one in self.issuer.split(","))))

    @property
    def api_server(self) -> str:
        """The URL of its API server, "" if the settings do not contain it."""
        if self.token_review:
            return self.token_review.rstrip("/")
        if "://" in self.jwks and self.jwks.endswith(_JWKS_PATH):
            return self.jwks.removesuffix(_JWKS_PATH)
        return ""

    @property
    def title(self) -> str:
        """The cluster's name in messages."""
        return f'cluster "{self.cluster}"' if self.cluster else "the cluster"


def is_private(url: str) -> bool:
    """Whether the connection is protected: https, or a local file."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def refuse_shown_tokens(clusters: Sequence[TrustedCluster]) -> None:
    """Refuse to send a cluster's tokens to the API server of another cluster, which could use them.

    Errors: ValueError.
    """
    for asked in clusters:
        if not asked.token_review:
            continue
        for other in clusters:
            if other is asked:
                continue
            if not asked.issuers or not other.issuers:
                raise ValueError(
                    f"{asked.title} has token_review beside another cluster: name the issuer of both, since"
                    " tokens of one could be sent to the other"
                )
            if set(asked.issuers) & set(other.issuers):
                raise ValueError(
                    f'clusters "{asked.cluster}" and "{other.cluster}" have the same issuer, so'
                    f" tokens of one would be sent to the other: use jwks for both"
                )
