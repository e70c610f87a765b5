"""Malicious files for the import: read in bounded time, or refused with a message."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rowhouse.domain.errors import InputFailure
from rowhouse.importers.files import read_files
from rowhouse.importers.whereabouts.inventory import inventory

if TYPE_CHECKING:
    from pathlib import Path

POOL = """
apiVersion: whereabouts.cni.cncf.io/v1alpha1
kind: IPPool
metadata: {name: 10.0.0.0-24, namespace: kube-system}
spec: {range: %s, allocations: %s}
"""
LAUGHS = "b0: &b0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"b{i}: &b{i} [{','.join([f'*b{i - 1}'] * 9)}]\n" for i in range(1, 12)
)
LISTS = "".join(
    f"l{i}: &l{i} {{kind: List, items: [{','.join([f'*l{i - 1}'] * 9)}]}}\n" for i in range(1, 12)
)
HARMFUL = {
    "a billion laughs": LAUGHS,
    "a billion laughs in a pool": LAUGHS + POOL % ("10.0.0.0/24", "*b11"),
    "a billion lists": "l0: &l0 {kind: IPPool}\n" + LISTS + "kind: List\nitems: [*l11]\n",
    "a list that holds itself": "kind: List\nitems: &a [{kind: List, items: *a}]\n",
    "an alias of itself": "a: &a [*a]\n",
    "merged ten thousand times": f"a: &a {{x: 1}}\nb: {{<<: [{','.join(['*a'] * 10_000)}]}}\n",
    "deep flow": "[" * 100_000,
    "deep blocks": "\n".join(" " * i + "a:" for i in range(2000)),
    "deep JSON": '{"a":' * 100_000,
    "a huge number": "a: " + "9" * 100_000,
    "a number of ninety bases": "a: " + "1:" * 10_000 + "1",
    "a huge key": POOL % ("10.0.0.0/24", '{"1%s": {podref: a/b}}' % ("0" * 100_000)),
    "a key below zero": POOL % ("10.0.0.0/24", '{"-1": {podref: a/b}}'),
    "a huge range": POOL % ("1" + "0" * 4000, "{}"),
    "no range": POOL % ("2020-01-01", "{1e400: {podref: a/b}}"),
    "a constructor": "!!python/object/apply:os.system ['true']",
    "a zero byte": 'kind: "a\\0b"\n---\na: \0',
}


@pytest.mark.parametrize("text", HARMFUL.values(), ids=HARMFUL)
def test_a_harmful_file_is_read_quickly_and_gives_no_address(tmp_path: Path, text: str) -> None:
    file = tmp_path / "ippools.yaml"
    file.write_text(text)
    begun = time.process_time()
    said = ""
    try:
        assert inventory(read_files([str(file)])).addresses == ()
    except InputFailure as refusal:
        said = refusal.message
    assert time.process_time() - begun < 10
    assert said == "" or (str(file) in said and len(said) < 2000)


KEYS = (
    *("kind", "metadata", "name", "namespace", "spec", "range", "allocations", "items", "id"),
    *("podref", "ifName", "1", "-1", "annotations", "poolname", "containerID"),
)
ANY: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["10.0.0.0/24", "fd00::/64", "10.0.0.1", "a/b", "1", "net1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
KINDS = ("IPPool", "OverlappingRangeIPReservation", "NodeSlicePool", "Pod", "List", "PodList")


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(st.lists(st.builds(lambda kind, rest: {**rest, "kind": kind}, st.sampled_from(KINDS),
                          st.dictionaries(st.sampled_from(["metadata", "spec", "items"]), ANY))))  # fmt: skip
def test_whatever_an_object_holds_is_taken_or_told(
    tmp_path_factory: pytest.TempPathFactory, objects: list[dict[str, Any]]
) -> None:
    file = tmp_path_factory.getbasetemp() / "objects.yaml"
    file.write_text(yaml.safe_dump_all(objects, allow_unicode=True))
    found = inventory(read_files([str(file)]))
    for one in found.addresses:
        assert one.address
        assert one.source
    json.dumps([told.reason for told in found.not_taken])
