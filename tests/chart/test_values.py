"""Bad values are refused, and the message names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chart.helm import CHART

if TYPE_CHECKING:
    from chart.helm import Helm


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("server.replica=3", "replica"),
        ("server.replicas=none", "replicas"),
        ("server.port=70000", "port"),
        ("image.digest=latest", "digest"),
        ("node.binDir=opt/cni", "binDir"),
        ("controller.grace=soon", "grace"),
        ("postgresql.enabled=false", "externalDatabase.existingSecret is missing"),
        ("tls.certManager.enabled=true", "tls.certManager.issuerRef.name is missing"),
        ("ingress.enabled=true", "ingress.host is missing"),
    ],
)
def test_a_bad_value_is_refused(helm: Helm, setting: str, says: str) -> None:
    done = helm.run("template", "rowhouse", str(CHART), "--set", setting)
    assert done.returncode != 0
    assert says in done.stderr
