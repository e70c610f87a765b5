"""Names are the field's terms: the words that were replaced do not come back."""

from __future__ import annotations

import io
import re
import tokenize
from pathlib import Path
from typing import Final, NamedTuple

import pytest

ROOT: Final = Path(__file__).parents[1]

SKIPPED: Final = (
    "LICENSE",
    "docs/reliability/",  # what programs printed
    "migrations/versions/",  # written from migrations/schema
    "tests/recorded/",  # what Kubernetes answered
    "tests/test_words.py",
    "tests/web/chromium/axe/",
)
FOLDERS: Final = {"bench", "charts", "cni_plugin", "docs", "migrations", "server", "tests"}
TEXTS: Final = {".css", ".html", ".js", ".md", ".py", ".sql", ".toml", ".yaml", ".yml"}


class Word(NamedTuple):
    """A word that is not to be used, and what says the same.

    `where` begins the paths that are searched. In `prose` it is not to be used either; else it only may not be a
    name, or a part of one, in a program, nor of a path.
    """

    word: str
    instead: str
    where: str = ""
    prose: bool = False


WORDS: Final = (
    Word("party", "batch", prose=True),
    Word("parties", "batches", prose=True),
    Word("lane", "batch key", prose=True),
    Word("lanes", "batch keys", prose=True),
    Word("door", "fallback limiter", "server/"),
    Word("ticket", "pending call", "server/"),
    Word("seat", "wait slot", "server/"),
    Word("openness", "anonymous access", prose=True),
    Word("teller", "event recorder", prose=True),
    Word("candidacy", "leader election", prose=True),
    Word("takeover", "import", prose=True),
    Word("patience", "backoff, or a limit on waiting: MAX_…", prose=True),
    Word("patient", "buffering"),
    Word("bell", "wakeup pipe", "server/"),
    Word("leaving", "shutdown, or graceful close", "server/"),
    Word("linger", "graceful close", prose=True),
    Word("skipping", "loose index scan", "server/"),
    Word("reaching", "client options"),
    Word("reading", "source options", "server/rowhouse/cli/"),
    Word("presented", "bearer token", "server/"),
    Word("source", "client address", "server/rowhouse/auth/"),
    Word("garbage", "gc_freeze", "server/rowhouse/serve/"),
    Word("refusals", "allocation failures, or authentication failures", "server/"),
    Word("refusals", "allocation failures", "migrations/"),
    Word("look", "preview", "server/rowhouse/web/"),
    Word("button", "wakeup pipe", "server/rowhouse/web/live/"),
    Word("life", "history", "server/rowhouse/web/"),
    Word("seen", "observed", "server/rowhouse/k8s/mirror/"),
    Word("wanted", "desired", "server/rowhouse/k8s/mirror/"),
    Word("waits", "PERFORM", "migrations/"),
    Word("around", "previous_command", "migrations/"),
)
# What the documentation does not say outside of code, nor code in its comments and texts.
PLAIN: Final = {
    "anew": "again",
    "anybody": "name the program or the user",
    "behaviour": "behavior",
    "can not": "cannot",
    "colour": "color",
    "everybody": "name the program or the user",
    "licence": "license",
    "no more": "no longer",
    "nobody": "no program, no caller, no user",
    "somebody": "name the program or the user",
    "whoever": "name the program or the user",
}
PHRASES: Final = {"Needs attention": "Warnings", "Its life": "History"}

# (word, path): why it may stand there.
EXCEPTIONS: Final = {
    ("linger", "tests/cni_plugin/scripted.py"): "SO_LINGER is a socket option",
    ("linger", "server/rowhouse/serve/connection.py"): "SO_LINGER is a socket option",
}
# The same for the words of PLAIN.
NEEDED: Final = {
    ("anybody", "server/rowhouse/auth/caller.py"): "the audit log has this name",
    ("nobody", "server/rowhouse/embedded/__init__.py"): "a system user",
    ("nobody", "server/rowhouse/embedded/account.py"): "a system user",
}
# The licenses of others speak of third parties, and ruff's setting is called known-first-party.
USUAL: Final = re.compile(r"(third|first)[- _]part(y|ies)")


def sources() -> list[str]:
    """The paths of the project's texts, below its folder."""
    folders = (path for path in ROOT.iterdir() if path.name in FOLDERS)
    files = [path for folder in folders for path in folder.rglob("*")]
    files += [path for path in ROOT.iterdir() if path.suffix]
    paths = (path.relative_to(ROOT).as_posix() for path in files if path.is_file())
    return sorted(
        path
        for path in paths
        if not path.startswith(SKIPPED)
        and Path(path).suffix in TEXTS
        and not path.endswith(".min.js")
    )


def parts(text: str) -> set[str]:
    """The words of a text, also those within names: `_LINGER_SECONDS`, `PatientWorker`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    return {word.lower() for word in re.findall(r"[A-Za-z]+", apart)}


def names(path: str, text: str) -> str:
    """What programs name: the names of Python, and of SQL without comments and literals; else nothing."""
    if path.endswith(".py"):
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        return " ".join(token.string for token in tokens if token.type == tokenize.NAME)
    if path.endswith(".sql"):
        return re.sub(r"--[^\n]*|'(?:[^']|'')*'", " ", text)
    return ""


@pytest.fixture(scope="module")
def files() -> dict[str, tuple[set[str], set[str], str]]:
    """Of each file: the words of its names, those of its prose, and its text."""
    found = {}
    for path in sources():
        text = USUAL.sub(" ", (ROOT / path).read_text(encoding="utf-8"))
        found[path] = parts(path) | parts(names(path, text)), parts(text), text
    return found


@pytest.mark.parametrize("word", WORDS, ids=lambda word: f"{word.word} {word.where}".strip())
def test_a_word_that_was_replaced_is_not_used(
    word: Word, files: dict[str, tuple[set[str], set[str], str]]
) -> None:
    used = [
        path
        for path, (named, said, _) in files.items()
        if path.startswith(word.where)
        and word.word in (named | said if word.prose else named)
        and (word.word, path) not in EXCEPTIONS
    ]
    assert used == [], f"say {word.instead}"


def test_an_exception_is_needed(files: dict[str, tuple[set[str], set[str], str]]) -> None:
    assert [one for one in EXCEPTIONS if one[0] not in files[one[1]][0]] == []


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_heading_that_was_replaced_is_not_used(
    phrase: str, files: dict[str, tuple[set[str], set[str], str]]
) -> None:
    used = [path for path, (_, _, text) in files.items() if phrase in text]
    assert used == [], f"say {PHRASES[phrase]}"


def prose(page: Path) -> str:
    """The text of a Markdown page without code, as a line."""
    text = re.sub(
        r"^```.*?^```$|`[^`]*`",
        " ",
        page.read_text(encoding="utf-8"),
        flags=re.MULTILINE | re.DOTALL,
    )
    return " ".join(text.split()).lower()


@pytest.mark.parametrize("words", PLAIN)
def test_the_documentation_speaks_plainly(words: str) -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    assert len(pages) > 25
    found = [
        page.relative_to(ROOT).as_posix()
        for page in pages
        if re.search(rf"\b{words}\b", prose(page))
    ]
    assert found == [], f"say: {PLAIN[words]}"


def texts(path: str) -> str:
    """What a file of code says: the comments and strings of Python, all of other files."""
    text = (ROOT / path).read_text(encoding="utf-8")
    if path.endswith(".py"):
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        text = " ".join(token.string for token in tokens if token.type != tokenize.NAME)
    return " ".join(re.sub(r"[\"'#]|--", " ", text).split()).lower()


@pytest.fixture(scope="module")
def code() -> dict[str, str]:
    folders = ("charts/", "cni_plugin/", "migrations/", "server/")
    return {path: texts(path) for path in sources() if path.startswith(folders)}


@pytest.mark.parametrize("words", PLAIN)
def test_the_code_speaks_plainly(words: str, code: dict[str, str]) -> None:
    assert len(code) > 700
    found = [path for path, text in code.items() if re.search(rf"\b{words}\b", text)]
    assert [path for path in found if (words, path) not in NEEDED] == [], f"say: {PLAIN[words]}"


def test_a_needed_word_is_there(code: dict[str, str]) -> None:
    assert [one for one in NEEDED if one[0] not in code[one[1]]] == []
