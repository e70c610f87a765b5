"""Variables and options in the manifests are those that the programs read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from chart.expansion import command_line, resolve
from chart.helm import CASES, CHART
from chart.manifests import environment
from rowhouse.cli import main as rowhouse
from rowhouse.settings import Settings
from rowhouse_node import options
from rowhouse_node.supplies import settings_text

if TYPE_CHECKING:
    from pathlib import Path

    from chart.helm import Helm
    from chart.manifests import Object


def expanded(container: Object, given: dict[str, str]) -> dict[str, str]:
    """A container's environment as the kubelet makes it; what it takes from elsewhere is its name."""
    found = resolve(container, given, lambda source: f"of {source}")
    return {name: found[name] for name in environment(container)}


def command(line: list[str]) -> None:
    """Parse a command line of `rowhouse`; raises click.UsageError where it cannot be."""
    group: click.Command | None = rowhouse
    # With its own settings: click makes a command's --help once, from the first context it meets.
    context = click.Context(rowhouse, **rowhouse.context_settings)
    words = list(line)
    while isinstance(group, click.Group):
        name, group, words = group.resolve_command(context, words)
        assert group is not None
        context = click.Context(group, parent=context, info_name=name)
    assert group is not None
    group.parse_args(context, words)


@pytest.mark.parametrize("case", CASES)
def test_every_variable_of_ours_is_a_setting(helm: Helm, case: str) -> None:
    settings = {f"ROWHOUSE_{name.upper()}" for name in Settings.model_fields}
    controller = rowhouse.get_command(click.Context(rowhouse), "controller")
    assert controller
    settings |= {str(option.envvar) for option in controller.params if option.envvar}
    for pod in helm.template(case).pods:
        for container in pod.containers:
            ours = {name for name in environment(container) if name.startswith("ROWHOUSE_")}
            if pod.part in {"node", "test"}:
                continue  # its parser is asked below
            assert ours <= settings, container["name"]


@pytest.mark.parametrize("case", CASES)
def test_the_server_takes_its_settings(helm: Helm, case: str, tmp_path: Path) -> None:
    container = helm.template(case).pod("server").main
    given = expanded(container, {})
    if case == "external-values.yaml":
        file = tmp_path / "url"
        file.write_text("postgresql://of.a.secret/rowhouse")
        given["ROWHOUSE_DATABASE_URL_FILE"] = str(file)
    mounted = {"ROWHOUSE_DATABASE_PASSWORD_FILE"} & given.keys()
    mounted |= {"ROWHOUSE_KUBERNETES_CA_FILE", "ROWHOUSE_KUBERNETES_TOKEN_FILE"}
    mounted |= {"ROWHOUSE_OIDC_CLIENT_SECRET_FILE", "ROWHOUSE_OIDC_CA_FILE"} & given.keys()
    for name in mounted:
        file = tmp_path / name
        file.write_text("it is there")
        given[name] = str(file)
    settings = Settings.from_environment(given)
    assert settings.auth == "required"
    assert settings.trusted_clusters()
    assert int(container["command"][-1]) == settings.pool_size
    account = "ipam-node" if case == "customised-values.yaml" else "rowhouse-node"
    assert given["ROWHOUSE_NODE_SERVICE_ACCOUNTS"] == f"kube-system/{account}"
    assert helm.template(case).pod("node").spec["serviceAccountName"] == account
    behind = {"ha-values.yaml", "tls-values.yaml"}  # an Ingress, an HTTPRoute
    assert settings.public_url == ("https://rowhouse.example" if case in behind else "")
    if case == "ha-values.yaml":
        assert settings.compat == "strict"
        assert settings.cni_defaults == {"reuse_delay": 60}
        assert settings.lock_timeout == 2.5
        assert settings.prepared_statements is False
        assert settings.oidc_roles == {"netops": "operator", "*": "viewer"}


@pytest.mark.parametrize("case", CASES)
def test_every_command_line_is_understood(helm: Helm, case: str) -> None:
    seen = set()
    for pod in helm.template(case).pods:
        for container in pod.containers:
            line = command_line(container, expanded(container, {})) or [""]
            if line[0] == "rowhouse":
                command(line[1:])
            elif line[0] == "rowhouse-node":
                options.parse(line[1:], {"ROWHOUSE_NODE_SERVER": "https://server"})
            elif pod.part == "migrate":
                raise AssertionError(line)
            seen.add(pod.part)
    assert {"server", "node", "migrate"} <= seen


def test_a_misspelt_option_would_be_noticed() -> None:
    with pytest.raises(click.UsageError):
        command(["controller", "--gracee=60s"])


@pytest.mark.parametrize("case", CASES)
def test_the_settings_that_the_node_daemon_writes_are_those_the_plugin_reads(
    helm: Helm, case: str
) -> None:
    container = helm.template(case).pod("node").main
    # As the kubelet tells of a Service: docs of Kubernetes, "Accessing the Service".
    service = {"ROWHOUSE_PORT": "tcp://10.96.0.20:8443", "IPAM_PORT": "tcp://[fd00::20]:8443"}
    given = expanded(container, service)
    found = options.parse(container["command"][1:], given)
    text = settings_text(found)
    if case == "existing-tls-values.yaml":
        assert "server = https://rowhouse.example:8443" in text
        assert "ca_file" not in text
    elif case == "customised-values.yaml":
        assert "server = https://[fd00::20]:8443" in text
        assert "server_name = ipam.kube-system.svc" in text
    else:
        assert "server = https://10.96.0.20:8443" in text
        assert "server_name = rowhouse.kube-system.svc" in text
        assert "ca_file = /etc/cni/net.d/rowhouse.d/ca.crt" in text
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert {str(one) for one in (found.bin_dir, found.config_dir, found.state_dir)} <= mounts
    assert found.as_whereabouts == (case in {"minimal-values.yaml", "mirror-values.yaml"})
    assert ("cluster = prod-a" in text) == (case in {"mirror-values.yaml", "import-values.yaml"})
    assert ("log_dirs = /var/log/cni,/tmp" in text) == (case == "mirror-values.yaml")
    test = helm.template(case).pod("test").main
    options.parse(["install"], expanded(test, {}))


def test_the_variable_of_the_service_is_the_one_that_the_kubelet_sets(helm: Helm) -> None:
    release = helm.template("")
    (name,) = [
        one["metadata"]["name"]
        for one in release.of("Service")
        if one["spec"]["selector"]["app.kubernetes.io/component"] == "server"
    ]
    server = environment(release.pod("node").main)["ROWHOUSE_NODE_SERVER"]["value"]
    assert server == f"$({name.upper().replace('-', '_')}_PORT)"
    # Variables of Services are not there where enableServiceLinks is false.
    assert release.pod("node").spec.get("enableServiceLinks", True)


def test_the_daemon_looks_up_a_service_that_the_kubelet_did_not_know(helm: Helm) -> None:
    given = expanded(helm.template("").pod("node").main, {})
    assert given["ROWHOUSE_NODE_SERVER"] == "$(ROWHOUSE_PORT)"
    found = options.parse(["run"], given)
    assert (found.server, found.service) == ("", "rowhouse.kube-system.svc:8443")


def test_settings_that_the_schema_allows_are_settings_of_the_server() -> None:
    import json  # noqa: PLC0415 - only here

    schema = json.loads((CHART / "values.schema.json").read_text())
    server = schema["properties"]["server"]["properties"]
    allowed = set(server["settings"]["properties"])
    assert allowed <= set(Settings.model_fields)
    templates = "".join(file.read_text() for file in (CHART / "templates").rglob("*.*"))
    unknown = {
        name
        for name in Settings.model_fields
        if name not in allowed and f"ROWHOUSE_{name.upper()}" not in templates
    }
    assert not unknown, f"allow them in server.settings of values.schema.json: {unknown}"
    # What the chart sets itself is no further setting.
    for name in ("database_url", "auth", "jwks", "tls_cert", "tls_key", "log_level"):
        assert name not in allowed
