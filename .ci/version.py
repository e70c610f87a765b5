"""The version, which is written in one place: cni_plugin/rowhouse_cni/__init__.py.

python3 .ci/version.py            print it
python3 .ci/version.py --is X     fail unless it is X
python3 .ci/version.py --set X    write it there, and into the chart, whose file cannot refer to it
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "cni_plugin" / "rowhouse_cni" / "__init__.py"
LINE = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)
CHART = ROOT / "charts" / "rowhouse" / "Chart.yaml"
# version, appVersion, and the image in an annotation.
IN_CHART = re.compile(r"^(version: |appVersion: |      image: rowhouse:)(\S+)$", re.MULTILINE)


def main() -> None:
    """Do what the arguments say."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--set"]:
        write(arguments[1])
    elif arguments[:1] == ["--is"] and current() != arguments[1]:
        sys.exit("the version of the source is {}, not {}".format(current(), arguments[1]))
    print(current())


def current() -> str:
    """The version of this source."""
    found = LINE.search(SOURCE.read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


def write(version: str) -> None:
    """Change it."""
    text = SOURCE.read_text(encoding="utf-8")
    SOURCE.write_text(LINE.sub(f'__version__ = "{version}"', text), encoding="utf-8")
    chart = CHART.read_text(encoding="utf-8")
    CHART.write_text(IN_CHART.sub(rf"\g<1>{version}", chart), encoding="utf-8")


if __name__ == "__main__":
    main()
