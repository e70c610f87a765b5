"""All values that adapt the chart to a cluster reach every part: ci/customised-values.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from chart.helm import CHART

if TYPE_CHECKING:
    from chart.helm import Helm
    from chart.manifests import Pod, Release

CASE = "customised-values.yaml"
VALUES = yaml.safe_load((CHART / "ci" / CASE).read_text())


@pytest.fixture
def release(helm: Helm) -> Release:
    return helm.template(CASE)


def customised(release: Release) -> list[Pod]:
    """All pods but those of `helm test`."""
    pods = [pod for pod in release.pods if pod.part not in {"test", "doctor"}]
    assert len(pods) == 7
    return pods


def test_every_pod_is_where_it_is_wanted_and_says_what_it_should(release: Release) -> None:
    wanted = VALUES["server"]
    for pod in customised(release):
        for key in ("nodeSelector", "tolerations", "affinity", "priorityClassName"):
            # Helm merges maps: the node daemon goes on asking for Linux.
            linux = (
                {"kubernetes.io/os": "linux"} if (pod.part, key) == ("node", "nodeSelector") else {}
            )
            found = dict(pod.spec[key]) if key == "affinity" else pod.spec[key]
            if key == "affinity" and pod.part in {"server", "controller"}:
                assert found.pop("podAntiAffinity"), pod.part  # the chart's own
            assert found == (wanted[key] | linux if linux else wanted[key]), (pod.part, key)
        assert pod.spec["imagePullSecrets"] == [{"name": "registry"}]
        assert pod.labels["team"] == "network"
        spec = pod.owner["spec"].get("jobTemplate", pod.owner)["spec"]
        annotations = spec["template"]["metadata"]["annotations"]
        assert annotations.items() >= {"example/scanned": "true", "example/part": "yes"}.items()


def test_every_pod_gets_the_extra_variables_volumes_and_mounts(release: Release) -> None:
    for pod in customised(release):
        assert {"name": "EXTRA", "value": "1"} in pod.main["env"], pod.part
        assert {"name": "extra", "emptyDir": {}} in pod.spec["volumes"]
        assert {"name": "extra", "mountPath": "/extra"} in pod.main["volumeMounts"]


def test_every_object_has_the_common_labels_and_the_wanted_name(release: Release) -> None:
    for one in release:
        if one["metadata"]["name"].startswith("extra"):
            continue
        assert one["metadata"]["labels"]["team"] == "network"
        assert "ipam" in one["metadata"]["name"]
        assert one["metadata"]["labels"]["app.kubernetes.io/instance"] == "rowhouse"


def test_images_are_pinned_by_their_digest_in_the_wanted_registry(release: Release) -> None:
    image = VALUES["image"]
    ours = f"{image['registry']}/{image['repository']}@{image['digest']}"
    images = {container["image"] for pod in release.pods for container in pod.containers}
    assert images == {ours, "postgres:18"}


def test_further_objects_are_made_of_objects_and_of_text(release: Release) -> None:
    assert release.one("ConfigMap", "extra")["data"] == {"of": "rowhouse"}
    assert release.one("ConfigMap", "extra-text")["metadata"]["namespace"] == "kube-system"
