"""What the alert rules and the dashboard name is on /metrics of the real server, and so are its labels."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import promql_parser
import pytest
import yaml

from rowhouse import metrics
from rowhouse.doctor.examination import CHECKS
from rowhouse.k8s.health import CheckMetrics, controller_checks
from rowhouse_node import health
from rowhouse_node.daemon import Daemon
from rowhouse_node.options import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fixtures.servers import Server

ROOT = Path(__file__).parents[2]
FILES = ROOT / "charts/rowhouse/files"
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((FILES / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
ALERTS = [rule for rule in RULES if "alert" in rule]
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
DASHBOARD: dict[str, Any] = json.loads((FILES / "dashboard.json").read_text())
# What Prometheus itself gives to each series.
OF_THE_TARGET = {"job", "instance", "pod", "node", "container", "endpoint"}
# Each kind of metric and its samples.
SAMPLES = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}

NETCONF = json.dumps(
    {"cniVersion": "1.0.0", "name": "mynet", "ipam": {"type": "rowhouse", "range": "10.0.0.0/24"}}
).encode()
CALL = {
    "CNI-ContainerID": "c1",
    "CNI-NetNS": "/var/run/netns/c1",
    "CNI-IfName": "net1",
    "CNI-Path": "/opt/cni/bin",
    "CNI-Args": "K8S_POD_NAMESPACE=devops;K8S_POD_NAME=web-0",
    "Rowhouse-Node": "node1",
    "Content-Type": "application/json",
}


# The controller's are another process's.
OF_THE_CONTROLLER = {
    f"{metric.name}_total" if metric.type == "counter" else metric.name
    for metric in metrics.CONTROLLER.collect()
} | {metric.name for metric in CheckMetrics(controller_checks()).collect()}
# So are the node daemon's.
OF_THE_NODE = set(
    re.findall(
        r"^# TYPE (\w+) ",
        health.metrics(Daemon(parse([], {"ROWHOUSE_NODE_SERVER": "https://x"}))),
        re.MULTILINE,
    )
)


def panel_expressions() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"].replace("$__rate_interval", "5m")


EXPRESSIONS = [rule["expr"] for rule in RULES] + list(panel_expressions())


@pytest.fixture
def text(server: Server) -> str:
    """/metrics after an ADD and a DEL that a node had kept."""
    for call in ({"CNI-Command": "ADD"}, {"CNI-Command": "DEL", "Rowhouse-Replay": "1"}):
        request = urllib.request.Request(f"{server.url}/cni", NETCONF, CALL | call)
        urllib.request.urlopen(request, timeout=10).close()
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


def selectors(expression: str) -> list[tuple[str, set[str]]]:
    """The metrics of an expression, each with the labels that choose among its series."""
    return [
        (name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", labels or "")))
        for name, labels in re.findall(r"\b((?:\w+:)?rowhouse_[\w:]+)(?:\s*\{(.*?)\})?", expression)
    ]


def test_every_metric_of_the_rules_and_the_dashboard_is_there(text: str) -> None:
    there = RECORDED | OF_THE_CONTROLLER | OF_THE_NODE
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE):
        there |= {name + ending for ending in SAMPLES[kind]}
    labels: dict[str, set[str]] = {}
    for name, inside in re.findall(r"^(\w+)\{(.*)\} ", text, re.MULTILINE):
        labels.setdefault(name, set()).update(re.findall(r"(\w+)=\"", inside))
    named = [one for expression in EXPRESSIONS for one in selectors(expression)]
    assert len(named) > 40
    assert {name for name, _ in named} - there == set()
    for name, chosen in named:
        if name in labels:
            assert chosen - labels[name] - OF_THE_TARGET == set(), name


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_expression_is_promql(expression: str) -> None:
    promql_parser.parse(expression)
    assert not re.search(r"\b(and|or|unless)?\s*on\s*\(", expression), "drops labels"


def test_every_alert_has_its_runbook() -> None:
    headings = re.findall(r"^## (\w+)$", (ROOT / "docs/runbook.md").read_text(), re.MULTILINE)
    assert [rule["alert"] for rule in ALERTS] == headings
    for rule in ALERTS:
        assert rule["annotations"]["runbook_url"].endswith(f"#{rule['alert'].lower()}")
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert {"summary", "description"} <= rule["annotations"].keys()


def test_every_entry_of_the_runbook_names_a_check_of_the_doctor() -> None:
    text = (ROOT / "docs/runbook.md").read_text()
    checks = {check.name for check in CHECKS}
    entries = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    for rule in ALERTS:
        entry = entries[rule["alert"]]
        named = re.findall(r"Run `rowhouse doctor`, check `([^`]+)`", entry)
        assert named, f"{rule['alert']}: name the check of `rowhouse doctor` that finds its cause"
        assert set(named) <= checks, rule["alert"]


def test_an_alert_that_names_labels_keeps_them() -> None:
    for rule in ALERTS:
        shown = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        for dropped in re.findall(r"without \(([^)]*)\)", rule["expr"]):
            assert shown.isdisjoint(dropped.replace(" ", "").split(",")), rule["alert"]
        assert " by (" not in rule["expr"]


def test_pools_in_alerts_and_dashboard_link_to_their_pages() -> None:
    of_pools = [rule for rule in ALERTS if "$labels.pool" in rule["annotations"]["summary"]]
    assert len(of_pools) >= 2
    [variable] = [one for one in DASHBOARD["templating"]["list"] if one["name"] == "pages"]
    links = re.findall(r'"url": "([^"]*)"', json.dumps(DASHBOARD))
    for text in [rule["annotations"]["page"] for rule in of_pools] + [variable["definition"]]:
        assert re.search(r"\b(rowhouse_pages\w+)", text)[1] == "rowhouse_pages_info"  # type: ignore[index]
    assert metrics.PAGES._name == "rowhouse_pages_info"
    assert metrics.PAGES._labelnames == ("url",)
    assert [link for link in links if link.startswith("${pages}/search?q=")]


def test_names_follow_the_conventions(text: str) -> None:
    types = dict(re.findall(r"^# TYPE (rowhouse_\w+) (\w+)$", text, re.MULTILINE))
    helps = set(re.findall(r"^# HELP (rowhouse_\w+) \S", text, re.MULTILINE))
    assert helps == types.keys()
    for name, kind in types.items():
        if not name.endswith("_created"):
            assert (kind == "counter") == name.endswith("_total"), name
        assert not re.search(r"_(ms|milliseconds|minutes|count|avg|min)$", name)
    assert types["rowhouse_build_info"] == "gauge"


def test_no_label_names_an_address_or_a_pod(text: str) -> None:
    samples = [line for line in text.splitlines() if line.startswith("rowhouse_")]
    assert not any("10.0.0.1" in line or "web-0" in line for line in samples)
    assert 'rowhouse_cni_replays_total{code="0"} 1.0' in samples
    assert any('pool="10.0.0.0/24",state="reserved"} 0.0' in line for line in samples)


def test_the_reference_lists_every_metric(text: str) -> None:
    page = (ROOT / "docs/reference/metrics.md").read_text()
    listed = re.findall(r"^\| `(\w+)` \| (.*?) \|", page, re.MULTILINE)
    names = {name for name, _ in re.findall(r"^# TYPE (rowhouse_\w+) (\w+)$", text, re.MULTILINE)}
    names |= OF_THE_CONTROLLER
    there = {one for one in names if not one.endswith("_created")}
    missing, gone = (
        sorted(one) for one in (there - dict(listed).keys(), dict(listed).keys() - there)
    )
    assert (missing, gone) == ([], []), "add or remove rows in docs/reference/metrics.md"
    for name, labels in listed:
        shown = set(re.findall(rf"^{name}(?:_bucket)?\{{(.*)\}} ", text, re.MULTILINE))
        for inside in shown:
            found = set(re.findall(r"(\w+)=\"", inside)) - {"le"}
            assert found == set(re.findall(r"`(\w+)`", labels)), name


def test_metrics_are_declared_in_one_module() -> None:
    declares = re.compile(r"\b(Counter|Gauge|Histogram|Summary|Info|\w+MetricFamily)\(\s*\"")
    folder = Path(metrics.__file__).parent
    declaring = [path.name for path in folder.rglob("*.py") if declares.search(path.read_text())]
    assert declaring == ["metrics.py"], "declare metrics in server/rowhouse/metrics.py"
