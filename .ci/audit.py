"""Are there published vulnerabilities in what requirements/ pins?

    python3 .ci/audit.py

By pip-audit, in an environment of its own (build/audit). Its exit status, and ours:

    0   every package was looked up, and none has a known vulnerability
    1   at least one has
    75  NOT AUDITED: the advisories could not be had, for all packages or for some

pip-audit alone says 0 of a package that it could not look up. We never do.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))
ENVIRONMENT = ROOT / "build" / "audit"
PIP_AUDIT = "pip-audit==2.10.1"
VULNERABLE = 1
NOT_AUDITED = 75  # EX_TEMPFAIL of sysexits.h
SECONDS = 300


def main() -> int:
    """Audit, say what was found, and return the exit status."""
    pins = pinned("\n".join(file.read_text() for file in REQUIREMENTS))
    try:
        report = ask()
    except (OSError, ValueError, subprocess.SubprocessError) as trouble:
        words = str(getattr(trouble, "stderr", "") or trouble).strip().splitlines() or ["?"]
        status, told = NOT_AUDITED, [f"NOT AUDITED, none of {len(pins)} packages: {words[-1]}"]
    else:
        status, told = judge(pins, report)
    print("\n".join(told))
    return status


def pinned(text: str) -> set[str]:
    """The packages in the text of locks, as `name==version`."""
    return {line.split()[0] for line in text.splitlines() if re.match(r"[a-z0-9]", line)}


def ask() -> dict[str, Any]:
    """pip-audit's report."""
    venv.create(ENVIRONMENT, with_pip=True)
    install = [ENVIRONMENT / "bin" / "pip", "install", "--quiet", PIP_AUDIT]
    subprocess.run(install, check=True, capture_output=True, text=True, timeout=SECONDS)
    command = [ENVIRONMENT / "bin" / "pip-audit"]
    command += [part for file in REQUIREMENTS for part in ("--requirement", file)]
    command += ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=SECONDS)
    if not ran.stdout.strip():
        raise ValueError(ran.stderr or f"pip-audit ended with {ran.returncode} and said nothing")
    report: dict[str, Any] = json.loads(ran.stdout)
    return report


def judge(pins: set[str], report: dict[str, Any]) -> tuple[int, list[str]]:
    """The exit status for a report, and what to say."""
    looked_up, vulnerable = set(), []
    for one in report.get("dependencies", []):
        if "vulns" not in one:
            continue  # it has a skip_reason instead
        looked_up.add(f"{one['name']}=={one['version']}")
        vulnerable += [
            f"{one['name']} {one['version']}: {found['id']}"
            f" (mended in {', '.join(found.get('fix_versions') or ['no version'])})"
            for found in one["vulns"]
        ]
    missing = sorted(pins - looked_up)
    told = vulnerable
    if missing:
        told = [*told, f"NOT AUDITED, {len(missing)} of {len(pins)} packages: {', '.join(missing)}"]
    if vulnerable:
        return VULNERABLE, told
    if missing:
        return NOT_AUDITED, told
    return 0, [f"no known vulnerability in {len(pins)} packages"]


if __name__ == "__main__":
    sys.exit(main())
