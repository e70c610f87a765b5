"""Bad values are refused, and the message names them and says what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from chart.helm import CHART
from rowhouse.cli.times import seconds_of
from rowhouse.domain import defaults

if TYPE_CHECKING:
    from chart.helm import Helm

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
EXTERNAL = "postgresql.enabled=false,externalDatabase."
OIDC = "oidc.issuer=https://sso,"
CNPG = "postgresql.enabled=false,cloudnativepg.enabled=true,"

REFUSED = [
    # Misspelt, or of another type: the schema.
    ("server.replica=3", "additional properties 'replica' not allowed"),
    ("servers.replicas=3", "additional properties 'servers' not allowed"),
    ("server.replicas=none", "'/server/replicas': got string, want integer"),
    ("server.replicas=-1", "'/server/replicas': minimum: got -1, want 0"),
    ("server.port=70000", "'/server/port': maximum: got 70,000, want 65,535"),
    ("server.logLevel=verbose", "'/server/logLevel': value must be one of 'DEBUG'"),
    ("server.settings.compatt=strict", "additional properties 'compatt' not allowed"),
    ("server.settings.compat=loose", "'/server/settings/compat': value must be one of"),
    ("server.service.type=ExternalName", "'/server/service/type': value must be one of"),
    ("server.extraEnv[0].value=1", "'/server/extraEnv/0': missing property 'name'"),
    ("image.digest=latest", "'/image/digest': 'latest' does not match"),
    ("image.pullPolicy=Sometimes", "'/image/pullPolicy': value must be one of"),
    ("imagePullSecrets[0].name=a", "'/imagePullSecrets/0': got object, want string"),
    ("postgresql.image.tag=true", "'/postgresql/image/tag': got boolean, want"),
    ("fullnameOverride=1st", "'/fullnameOverride': '1st' does not match"),
    ("listen=127.0.0.1", "'/listen': value must be one of '0.0.0.0', '[::]'"),
    ("cluster=prod a", "'/cluster': 'prod a' does not match"),
    ("kubernetes.issuer=cluster", "'/kubernetes/issuer': 'cluster' does not match"),
    ("controller.grace=soon", "'/controller/grace': 'soon' does not match"),
    ("controller.grace=60", "'/controller/grace': got number, want string"),
    ("oidc.issuer=http://sso", "'/oidc/issuer': 'http://sso' does not match"),
    ("oidc.roles.netops=root", "'/oidc/roles/netops': value must be one of 'viewer'"),
    ("oidc.scopes=email", "'/oidc/scopes': 'email' does not match"),
    ("node.logDirs={log}", "'/node/logDirs/0': 'log' does not match"),
    ("node.binDir=opt/cni/bin", "'/node/binDir': 'opt/cni/bin' does not match"),
    ("node.direct=false,node.agent=false", "node.direct=false: then only the agent"),
    ("node.stateDir=/", "'/node/stateDir': '/' does not match"),
    ("node.server=rowhouse:8443", "'/node/server': 'rowhouse:8443' does not match"),
    ("node.maxUnavailable=many", "/node/maxUnavailable"),
    ("node.tolerations.operator=Exists", "'/node/tolerations': got object, want array"),
    ("postgresql.size=8", "'/postgresql/size': got number, want string"),
    ("postgresql.size=large", "'/postgresql/size': 'large' does not match"),
    ("postgresql.image=postgres:18", "'/postgresql/image': got string, want object"),
    ("postgresql.password=secret", "additional properties 'password' not allowed"),
    (EXTERNAL + "host=db:5432", "'/externalDatabase/host': 'db:5432' does not match"),
    (EXTERNAL + "parameters=require", "'/externalDatabase/parameters': 'require' does not"),
    (CNPG + "cloudnativepg.synchronous.dataDurability=maybe", "dataDurability': value must be"),
    ("networkPolicy.egress.databasePorts[0]=postgres", "databasePorts/0': got string, want integer"),
    ("metrics.interval=often", "'/metrics/interval': 'often' does not match"),
    ("backup.schedule=nightly", "'/backup/schedule': 'nightly' does not match"),
    ("backup.keep=0", "'/backup/keep': minimum: got 0, want 1"),
    ("tls.extraNames[0]=*.example", "'/tls/extraNames/0'"),
    # Together they make no sense: the chart says why, and what would.
    ("postgresql.enabled=false", "no database: name yours in externalDatabase.host"),
    ("externalDatabase.host=db", "set postgresql.enabled=false to use yours"),
    (EXTERNAL + "host=db", "externalDatabase.host without passwords: name a Secret"),
    (EXTERNAL + "existingSecret=a,externalDatabase.caSecret=b", "caSecret needs externalDatabase.host"),
    ("cloudnativepg.enabled=true", "two databases: set postgresql.enabled=false"),
    (CNPG + "externalDatabase.host=db", "two databases: choose one"),
    (CNPG + "cloudnativepg.instances=1", "synchronous.number=1 needs at least 2 instances"),
    ("tls.certManager.enabled=true", "tls.certManager.issuerRef.name is missing"),
    ("tls.certManager.enabled=true,tls.existingSecret=a", "two certificates: choose one"),
    ("ingress.enabled=true", "ingress.host is missing"),
    ("httpRoute.enabled=true", "httpRoute.parentRefs is empty: name the Gateway"),
    (OIDC + "oidc.clientId=a", "oidc.issuer needs oidc.clientId and oidc.roles"),
    (OIDC + "oidc.clientId=a,oidc.roles.ops=viewer", "oidc.issuer needs the URL of the pages"),
    (OIDC + "oidc.clientId=a,oidc.roles.ops=admin,server.settings.oidc_scopes=openid", "set it in oidc"),
    ("oidc.clientId=a", "oidc.issuer is missing"),
    ("mirror.enabled=true,controller.enabled=false", "mirror.enabled needs controller.enabled"),
    ("server.autoscaling.enabled=true,server.autoscaling.maxReplicas=1", "minReplicas is greater"),
    ("node.uninstall=true,node.enabled=false", "node.uninstall needs node.enabled"),
    (r"commonLabels.app\.kubernetes\.io/name=mine", "the chart selects its pods by this label"),
]  # fmt: skip


def test_the_controllers_defaults_are_the_programs() -> None:
    """The chart must name them, as its tables are made from it; `rowhouse.domain.defaults` decides."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    controller, mirror = (
        values["controller"],
        values["controller"].get("mirror") or values["mirror"],
    )
    assert seconds_of(controller["grace"]) == defaults.GRACE_SECONDS
    assert seconds_of(controller["settle"]) == defaults.SETTLE_SECONDS
    assert seconds_of(controller["interval"]) == defaults.PASS_SECONDS
    assert mirror["rate"] == defaults.MIRROR_WRITES_PER_SECOND
    assert seconds_of(mirror["resync"]) == defaults.MIRROR_RESYNC_SECONDS


@pytest.mark.parametrize(("setting", "says"), REFUSED, ids=[setting for setting, _ in REFUSED])
def test_a_bad_value_is_refused(helm: Helm, setting: str, says: str) -> None:
    done = helm.run("template", "rowhouse", str(CHART), f"--set={setting}")
    assert done.returncode != 0
    assert says in done.stderr


def leaves(values: dict[str, Any], schema: dict[str, Any], path: str = "") -> list[str]:
    """What values and schema do not both know."""
    properties = schema.get("properties", {})
    apart = [f"{path}{name}" for name in values.keys() ^ properties.keys()]
    for name in sorted(values.keys() & properties.keys()):
        inner = properties[name]
        if "$ref" in inner:
            inner = SCHEMA["$defs"][inner["$ref"].rpartition("/")[2]]
        if isinstance(values[name], dict) and inner.get("properties"):
            apart += leaves(values[name], inner, f"{path}{name}.")
    return apart


def test_every_value_is_in_the_schema_and_the_other_way_round() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    apart = leaves(values, SCHEMA)
    settings = {name for name in apart if name.startswith("server.settings.")}
    unknown = set(apart) - settings - {"global"}  # helm's own
    assert not unknown, "each is in one of values.yaml and values.schema.json, not in both"


def test_no_object_of_the_schema_takes_what_it_does_not_know() -> None:
    def objects(schema: Any) -> list[dict[str, Any]]:
        if isinstance(schema, list):
            return [one for item in schema for one in objects(item)]
        if not isinstance(schema, dict):
            return []
        inner = [one for item in schema.values() for one in objects(item)]
        return [schema, *inner] if isinstance(schema.get("properties"), dict) else inner

    assert len(objects(SCHEMA)) > 15
    assert all(one["additionalProperties"] is False for one in objects(SCHEMA))
