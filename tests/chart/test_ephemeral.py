"""A database without a volume, for a trial in a cluster that has no StorageClass."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from chart.discovery import VERSION
from chart.helm import CHART
from chart.schemas import validate

if TYPE_CHECKING:
    from chart.helm import Helm

EPHEMERAL = "--set=postgresql.ephemeral=true"


def test_it_claims_nothing_and_keeps_its_files_in_the_pod(helm: Helm) -> None:
    release = helm.template("", EPHEMERAL)
    pod = release.pod("postgresql")
    validate(pod.owner, VERSION)
    assert "volumeClaimTemplates" not in pod.owner["spec"]
    assert pod.volumes["data"] == {"name": "data", "emptyDir": {}}
    assert release.of("PersistentVolumeClaim") == []
    claimed = helm.template("").pod("postgresql")
    assert claimed.main == pod.main
    assert claimed.owner["spec"]["volumeClaimTemplates"]


def test_the_notes_warn_of_it(helm: Helm) -> None:
    line = ["install", "rowhouse", str(CHART), "--dry-run=client", "--output=json"]
    notes = [
        json.loads(helm.run(*line, *more).stdout)["info"]["notes"] for more in ((), (EPHEMERAL,))
    ]
    assert ["is lost with its pod" in one for one in notes] == [False, True]
