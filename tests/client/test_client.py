"""The generated Python client: its names, its types, and the how-to with a real server."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme

from docs.commands import matches
from fixtures.servers import serving
from rowhouse.auth.static import digest, new_token
from rowhouse.store.access import tokens

if TYPE_CHECKING:
    from fixtures.databases import Database
    from rowhouse.store.connection.database import Database as Store

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / "build" / "client-venv" / "bin" / "python"
PAGE = (ROOT / "docs" / "how-to" / "use-the-client.md").read_text()


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of the client as `make client` makes it; the folder has the package."""
    folder = tmp_path_factory.mktemp("client")
    environment = [sys.executable, str(ROOT / ".ci" / "environment.py"), "client"]
    generate = [str(PYTHON), str(ROOT / "client" / "generate.py"), str(folder)]
    for command in (environment, generate):
        subprocess.run(command, check=True, timeout=240)
    return folder


def blocks(language: str) -> list[str]:
    """The fenced blocks of the how-to, which are indented in its steps."""
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```$", PAGE, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for block in found]


def test_the_names_are_those_of_the_api(package: Path) -> None:
    """A generator names a schema without a name by its place: `pool_labels_type_0`, `errors_item`."""
    modules = [file.stem for file in (package / "rowhouse_client" / "models").glob("*.py")]
    assert len(modules) > 50
    made_up = [name for name in modules if re.search(r"_(type_\d+|item)$", name)]
    assert made_up == []


def test_a_strict_type_checker_accepts_the_package_and_the_how_to(package: Path) -> None:
    assert (package / "rowhouse_client" / "py.typed").exists()
    (package / "how_to.py").write_text("\n".join(blocks("python")))
    command = [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(PYTHON)]
    command += ["--config-file", "", "--cache-dir", str(package / ".mypy_cache")]
    command += ["rowhouse_client", "how_to.py"]
    done = subprocess.run(
        command, cwd=package, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_how_to_works(package: Path, database: Database, store: Store, tmp_path: Path) -> None:
    token = new_token()
    tokens.create(store, name="ops", role="admin", digest=digest(token), actor="test")
    (tmp_path / "token").write_text(f"{token}\n")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.crt"))
    both = tmp_path / "both.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(both))
    seed = """
from rowhouse_client.models import NewPool
for name, cidr in ("storage-a", "10.20.0.0/24"), ("storage-b", "10.21.0.0/24"):
    pools.create_pool.sync(client=client, body=NewPool(cidr=cidr, name=name, gateway=cidr[:-4] + "1"))
"""
    first, *others = blocks("python")
    with serving(
        tmp_path,
        arguments=["--tls-cert", str(both)],
        environment={"ROWHOUSE_DATABASE_URL": database.url, "ROWHOUSE_AUTH": "required"},
    ) as server:
        program = "\n".join([first, seed, *others])
        program = program.replace("https://rowhouse:8080", server.url)
        program = program.replace("/etc/rowhouse", str(tmp_path))
        done = subprocess.run(
            [PYTHON, "-c", program],
            cwd=package,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    [refusal] = blocks("text")
    expected = f"""\
10.20.0.0/24 storage-a 253
10.21.0.0/24 storage-b 253
10.20.0.2 printer b4
static  printer
printer … None
{refusal}"""
    assert matches(expected, done.stdout), done.stdout
