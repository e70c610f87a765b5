"""Names are the field's terms: the words that were replaced do not come back."""

from __future__ import annotations

import io
import re
import tokenize
from pathlib import Path
from typing import Final, NamedTuple

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


def replaced(path: str) -> list[str]:
    """What a file should say otherwise."""
    text = USUAL.sub(" ", (ROOT / path).read_text(encoding="utf-8"))
    found = [phrase for phrase in PHRASES if phrase in text]
    said = parts(text)
    candidates = [word for word in WORDS if path.startswith(word.where)]
    # To find the names of a program takes long, and few have a word that might be one.
    if any(word.word in said or word.word in path for word in candidates):
        named = parts(path) | parts(names(path, text))
        found += [
            word.word
            for word in candidates
            if word.word in (named | said if word.prose else named)
            and (word.word, path) not in EXCEPTIONS
        ]
    return found


def test_a_word_or_heading_that_was_replaced_is_not_used() -> None:
    paths = sources()
    assert len(paths) > 1000
    used = {path: replaced(path) for path in paths}
    instead = PHRASES | {word.word: word.instead for word in WORDS}
    assert [
        f"{path}: {word}: say {instead[word]}" for path, words in used.items() for word in words
    ] == []


def test_an_exception_is_needed() -> None:
    for word, path in EXCEPTIONS:
        assert word in parts(names(path, (ROOT / path).read_text(encoding="utf-8"))), path


def prose(page: Path) -> str:
    """The text of a Markdown page without code, as a line."""
    text = re.sub(
        r"^```.*?^```$|`[^`]*`",
        " ",
        page.read_text(encoding="utf-8"),
        flags=re.MULTILINE | re.DOTALL,
    )
    return " ".join(text.split()).lower()


def wrong(text: str) -> dict[str, str]:
    """The words of PLAIN in a text in small letters, with what to say."""
    return {word: instead for word, instead in PLAIN.items() if re.search(rf"\b{word}\b", text)}


def test_the_documentation_speaks_plainly() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    assert len(pages) > 25
    found = {page.relative_to(ROOT).as_posix(): wrong(prose(page)) for page in pages}
    assert {page: words for page, words in found.items() if words} == {}


def plain(text: str) -> str:
    """A text without the marks of comments and strings, as a line."""
    return " ".join(re.sub(r"[\"'#]|--", " ", text).split()).lower()


def said(path: str) -> dict[str, str]:
    """The words of PLAIN that a file of code says: in comments and strings of Python, anywhere in other files."""
    text = (ROOT / path).read_text(encoding="utf-8")
    found = wrong(plain(text))
    # To tell names from texts takes long, and few files have such a word at all.
    if not found or not path.endswith(".py"):
        return found
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return wrong(plain(" ".join(token.string for token in tokens if token.type != tokenize.NAME)))


def test_the_code_speaks_plainly() -> None:
    folders = ("charts/", "cni_plugin/", "migrations/", "server/")
    paths = [path for path in sources() if path.startswith(folders)]
    assert len(paths) > 700
    found = {(word, path): instead for path in paths for word, instead in said(path).items()}
    assert found.keys() - NEEDED.keys() == set(), found
    assert NEEDED.keys() - found.keys() == set(), "these need no exception"
