"""Sphinx builds the Markdown of this repository as a site: `make docs`.

The source directory is the repository, so that a link between two files works here and on a code host alike. The
table of contents is docs/README.md. Links to files that are no pages lead to the code host.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
sys.path.insert(0, str(HERE))

from contents import sections  # noqa: E402 - beside this file
from operations import reference  # noqa: E402

if TYPE_CHECKING:
    from sphinx.application import Sphinx

CODE_HOST: Final = "https://github.com/rowhouse-ipam/rowhouse/blob/main/"
OPENAPI: Final = ROOT / "docs" / "reference" / "openapi.json"
# What a browser would fetch from elsewhere while it shows a page.
_FETCHED: Final = re.compile(
    r"<(?:script|img|iframe|link)\b[^>]*?\b(?:src|href)=\"(?:https?:)?//[^>]*>"
)

project = "Rowhouse"
author = "the Rowhouse contributors"
project_copyright = "the Rowhouse contributors, Apache License 2.0"
release = re.findall(
    r'__version__ = "(.+?)"', (ROOT / "cni_plugin/rowhouse_cni/__init__.py").read_text()
)[0]

extensions = ["myst_parser"]
root_doc = "README"
include_patterns = ["*.md", "docs/**.md", "charts/rowhouse/README.md"]
exclude_patterns = [".*", "build", "dist", "bench", "cni_plugin", "migrations", "server", "tests"]
# GitHub's anchors, down to the operations of the API.
myst_heading_anchors = 4
myst_enable_extensions = ["html_image"]

html_theme = "furo"
html_title = f"Rowhouse {release}"
html_theme_options = {
    "source_repository": "https://github.com/rowhouse-ipam/rowhouse/",
    "source_branch": "main",
    "source_directory": "",
}
html_extra_path = ["index.html"]
html_copy_source = False
html_show_sphinx = False


class LinkToTheCodeHost(SphinxTransform):
    """A link to a file that is no page opens it on the code host; only a picture is copied into the site."""

    default_priority = 5

    def apply(self, **_: Any) -> None:
        """Replace the downloads of this page."""
        page = PurePosixPath(self.env.docname)
        for node in list(self.document.findall(addnodes.download_reference)):
            file = (ROOT / page.parent / node["reftarget"]).resolve()
            if file.suffix == ".svg":
                continue
            target = CODE_HOST + file.relative_to(ROOT).as_posix()
            link = nodes.reference("", "", *node.children, refuri=target, internal=False)
            node.replace_self(link)


def add_generated(_: Sphinx, docname: str, source: list[str]) -> None:
    """Add what is generated to a page as it is read."""
    if docname == root_doc:
        source[0] += _trees()
    if docname == "docs/reference/api":
        source[0] += "\n" + reference(json.loads(OPENAPI.read_text(encoding="utf-8")))


def _trees() -> str:
    trees = ["\n```{toctree}\n:hidden:\n\ndocs/README\n```\n"]
    for caption, pages in sections((ROOT / "docs/README.md").read_text(encoding="utf-8")):
        entries = "\n".join(
            f"{title} <{page.removesuffix('.md')}>" for page, title in pages.items()
        )
        trees.append(f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{entries}\n```\n")
    return "".join(trees)


def check_self_contained(app: Sphinx, failure: Exception | None) -> None:
    """Warn of anything that a browser would fetch from another site."""
    if failure is None:
        for file in Path(app.outdir).rglob("*.html"):
            for found in _FETCHED.findall(file.read_text(encoding="utf-8")):
                logging.getLogger(__name__).warning("%s fetches %s", file.name, found)


def setup(app: Sphinx) -> None:
    """Register the above."""
    app.add_transform(LinkToTheCodeHost)
    app.connect("source-read", add_generated)
    app.connect("build-finished", check_self_contained)
