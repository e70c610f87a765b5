"""`make image`; what it would build is tested by `make image-test` (tests/image)."""

from __future__ import annotations

import os
import re
import subprocess

from chart.helm import CHART

ROOT = CHART.parents[1]


def test_without_an_engine_it_says_so_and_what_to_do() -> None:
    done = subprocess.run(
        [ROOT / ".ci" / "image"],
        env={**os.environ, "ENGINE": "no-such-engine"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "no container engine answers here" in done.stderr
    assert "make image-test" in done.stderr


def test_the_dockerfile_names_one_base_and_takes_its_digest() -> None:
    text = (ROOT / "Dockerfile").read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert bases == ["${BASE}${BASE_DIGEST:+@${BASE_DIGEST}}"] * 2
    (base,) = re.findall(r"^ARG BASE=(\S+)$", text, re.MULTILINE)
    assert "/" not in base, "an official image"
