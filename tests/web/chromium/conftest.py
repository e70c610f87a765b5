"""A real Chromium before a real server: one of each for a test process, a browser context for each test."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import ViewportSize, sync_playwright

from fixtures import capabilities, databases, servers
from web.chromium.sample import fill
from web.chromium.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg
    from playwright.sync_api import Browser, BrowserContext
    from psycopg.rows import TupleRow

    from fixtures.databases import Database, PostgresServer
    from web.chromium.sample import Sample

SCREENSHOTS = Path(__file__).parents[3] / "build/screenshots"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE: ViewportSize = {"width": 1280, "height": 900}
MIDDLE: ViewportSize = {"width": 1024, "height": 800}
NARROW: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def chromium(site: str) -> Iterator[Browser]:
    """The system's Chromium, with a profile of its own; gone before the site, which waits for its connections."""
    assert site
    program = capabilities.chromium()
    assert program, "a test that uses it is marked needs('chromium')"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS, headless=True)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def sample_database(
    postgres: PostgresServer, migrated: Database
) -> Iterator[tuple[Database, Sample]]:
    """A database with something in it. A test that changes something uses its own pool."""
    with postgres.database(template=migrated.name) as database:
        with databases.store(database) as store:
            sample = fill(store)
        yield database, sample


@pytest.fixture(scope="session")
def sample(sample_database: tuple[Database, Sample]) -> Sample:
    return sample_database[1]


@pytest.fixture(scope="session")
def site(
    sample_database: tuple[Database, Sample], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a server on the sample, where every user must log in."""
    environment = {
        "ROWHOUSE_DATABASE_URL": sample_database[0].url,
        "ROWHOUSE_AUTH": "required",
        "ROWHOUSE_CALLER_RATE": "0",
    }
    with servers.serving(tmp_path_factory.mktemp("site"), environment=environment) as server:
        yield server.url


@pytest.fixture
def sample_rows(
    sample_database: tuple[Database, Sample],
) -> Iterator[psycopg.Connection[TupleRow]]:
    """A superuser's session in the sample."""
    with databases.session(sample_database[0]) as connection:
        yield connection


def open_context(browser: Browser, scripts: list[Path], **options: Any) -> BrowserContext:
    """A separate browser; these scripts run before those of each page, whatever its policy says."""
    # A colour that is on its way from one to another has the contrast of neither.
    context = browser.new_context(**{"viewport": WIDE, "reduced_motion": "reduce", **options})
    for script in scripts:
        context.add_init_script(path=script)
    return context


@pytest.fixture
def visit(chromium: Browser, site: str) -> Iterator[Callable[..., Visitor]]:
    """Create a user with a separate browser, which must not have complained at the end."""
    with contextlib.ExitStack() as stack:
        made: list[Visitor] = []

        def make(*, scripts: list[Path] | None = None, **options: Any) -> Visitor:
            visitor = Visitor(open_context(chromium, scripts or [], **options), site)
            stack.callback(visitor.close)
            made.append(visitor)
            return visitor

        yield make
        for visitor in made:
            if visitor.context.pages:
                assert visitor.complaints == []
