"""Print the Python packages of this environment as an SPDX 2.3 document: the image's SBOM.

The standard library only; the versions and licences are those that the installed packages state.
"""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import Distribution, distributions

NAME = "rowhouse-ipam"


def main() -> None:
    """Print it."""
    installed = {one.metadata["Name"].lower(): one for one in distributions()}
    packages = [package(one) for _, one in sorted(installed.items())]
    version = installed[NAME].version
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{NAME}-{version}",
        "documentNamespace": f"https://github.com/rowhouse-ipam/rowhouse/sbom/{version}",
        "creationInfo": {
            # Of no build in particular: the same packages give the same document.
            "created": "1970-01-01T00:00:00Z",
            "creators": ["Tool: rowhouse-sbom"],
        },
        "packages": packages,
        "relationships": [
            {
                "spdxElementId": "SPDXRef-DOCUMENT",
                "relationshipType": "DESCRIBES",
                "relatedSpdxElement": identifier(NAME),
            },
            *(
                {
                    "spdxElementId": identifier(NAME),
                    "relationshipType": "DEPENDS_ON",
                    "relatedSpdxElement": one["SPDXID"],
                }
                for one in packages
                if one["name"].lower() != NAME
            ),
        ],
    }
    json.dump(document, sys.stdout, indent=1)


def package(one: Distribution) -> dict[str, object]:
    """One package."""
    name, version = one.metadata["Name"], one.version
    licence = one.metadata.get("License-Expression") or "NOASSERTION"
    normal = re.sub("[-_.]+", "-", name).lower()
    return {
        "name": name,
        "SPDXID": identifier(name),
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "licenseDeclared": licence,
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": f"pkg:pypi/{normal}@{version}",
            }
        ],
    }


def identifier(name: str) -> str:
    """An SPDX identifier."""
    return f"SPDXRef-{re.sub('[^A-Za-z0-9.]+', '-', name)}"


if __name__ == "__main__":
    main()
