"""The documentation has every error that the server answers with."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from rowhouse.domain import errors

REFERENCE = Path(__file__).parents[2] / "docs/reference"
ERRORS = [
    one
    for _, one in inspect.getmembers(errors, inspect.isclass)
    if issubclass(one, errors.RowhouseError)
]
# Only a CNI call can get it.
NOT_OF_THE_API = {"not-reserved"}


def test_the_plugins_page_lists_every_cni_code() -> None:
    page = (REFERENCE / "plugin.md").read_text()
    section = page.partition("\n## Errors of the server\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| (\d+) \|", section, re.MULTILINE)
    assert listed == sorted(set(listed), key=int)
    missing = {one.cni_code for one in ERRORS} ^ set(map(int, listed))
    assert not missing, (
        f"add or remove in docs/reference/plugin.md, Errors of the server: {missing}"
    )


def test_the_apis_page_lists_every_problem_of_ours() -> None:
    page = (REFERENCE / "api.md").read_text()
    ours = {one.problem_type for one in ERRORS if one.cni_code >= 100} - NOT_OF_THE_API
    missing = {one for one in ours if f"`{one}`" not in page}
    assert not missing, f"add a row to docs/reference/api.md, Errors: {missing}"
