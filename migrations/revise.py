"""Make a revision of what changed in schema/: `make revision NAME=…`, `make revised`, `make baseline`, `make freeze`.

docs/how-to/change-the-schema.md is the guide.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent
BASELINE: Final = "r0001"
_SECTION: Final = "-- schema/"
_REPLACED: Final = re.compile(r"^CREATE (FUNCTION|VIEW|TRIGGER)\b", re.MULTILINE)
_CREATED: Final = re.compile(r"^CREATE\b", re.MULTILINE)
_ROLES: Final = rf"^{_SECTION}roles/"
_DROPS: Final = rf"^{_SECTION}.*\nDROP "
_MADE_ONCE: Final = re.compile(r"^CREATE (TABLE|TYPE|DOMAIN)\b", re.MULTILINE)
_KIND: Final = r"^CREATE (?:OR REPLACE )?(FUNCTION|VIEW|TABLE|TYPE|DOMAIN) {name}\b"

_MODULE: Final = '''"""{title}.

Revision ID: {revision}
Revises: {before}
"""

from rowhouse.store.connection.migration import scripts

revision = "{revision}"
down_revision = "{before}"
upgrade, downgrade = scripts(revision, beside=__file__)
'''
_TO_WRITE: Final = "DO $$ BEGIN RAISE EXCEPTION '{file} is not written yet: {path}'; END $$;\n"


class Refused(Exception):
    """What was asked for makes no sense; the text says why."""


class Migrations:
    """The folder `migrations`: the current schema, and the revisions that lead to it."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self.versions = root / "versions"

    def paths(self) -> list[str]:
        """The files of schema/ in the order that makes them."""
        lines = (self.root / "schema" / "order.txt").read_text(encoding="utf-8").splitlines()
        listed = [line for line in lines if line and not line.startswith("#")]
        schema = self.root / "schema"
        there = {str(file.relative_to(schema)) for file in schema.rglob("*.sql")}
        if new := sorted(there.difference(listed)):
            raise Refused(f"add these files to migrations/schema/order.txt: {new}")
        if gone := sorted(set(listed) - there):
            raise Refused(f"migrations/schema/order.txt lists files that do not exist: {gone}")
        if len(listed) != len(there):
            raise Refused("schema/order.txt lists a file twice")
        return listed

    def text(self, path: str) -> str:
        """One file of schema/."""
        return (self.root / "schema" / path).read_text(encoding="utf-8")

    def whole(self) -> str:
        """The current schema as one script."""
        return "\n".join(_section(path, self.text(path)) for path in self.paths())

    def revisions(self) -> list[str]:
        """The ids of the revisions, the oldest first."""
        return sorted(folder.name for folder in self.versions.iterdir() if _is_revision(folder))

    def released(self) -> dict[str, str]:
        """The SHA-256 of each file that may not change any more."""
        lines = (self.root / "RELEASED").read_text(encoding="utf-8").splitlines()
        pairs = [line.split(maxsplit=1) for line in lines if not line.startswith("#")]
        return {path: digest for digest, path in pairs}

    def files_of(self, revision: str) -> list[str]:
        """What belongs to a revision, relative to the root."""
        files = [*self.versions.glob(f"{revision}_*.py"), *(self.versions / revision).iterdir()]
        return sorted(str(file.relative_to(self.root)) for file in files)

    def make_baseline(self) -> None:
        """Write the baseline again from schema/."""
        if self.revisions() != [BASELINE] or self.released():
            raise Refused("the baseline is released, or has a successor: make revision NAME=…")
        head = "-- schema/ in its order. `make baseline` wrote this file.\n\n"
        (self.versions / BASELINE / "baseline.sql").write_text(head + self.whole(), "utf-8")
        self._keep_digests(BASELINE)

    def make_revision(self, name: str) -> str:
        """Write the next revision: the whole text of what changed. Returns its id."""
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise Refused(f"NAME={name!r}: lower-case letters, digits and underscores, please")
        before = self.revisions()[-1]
        known = self._digests(before)
        changed, gone = self.changed_since(before)
        if not changed and not gone:
            raise Refused(f"schema/ is as {before} left it")
        revision = f"r{int(before[1:]) + 1:04}"
        steps = {"downgrade.sql": self._downgrade(changed, gone, known)}
        if changed:
            steps["pre.sql"] = self._pre(changed, known)
        if gone:
            steps["post.sql"] = self._post(gone)
        folder = self.versions / revision
        folder.mkdir()
        for file, text in steps.items():
            (folder / file).write_text(text, "utf-8")
        module = _MODULE.format(
            title=name.replace("_", " ").capitalize(), revision=revision, before=before
        )
        (self.versions / f"{revision}_{name}.py").write_text(module, "utf-8")
        self._keep_digests(revision)
        return revision

    def update_revision(self) -> list[str]:
        """Write what has changed in schema/ into the newest revision; returns the files that are to be written by hand.

        A section of one function or view is replaced, a new one is added in the order of order.txt, and everything else
        stays.
        """
        revision = self.revisions()[-1]
        if len(self.revisions()) == 1 or f"versions/{revision}/pre.sql" in self.released():
            raise Refused("the newest revision is released: make revision NAME=…")
        before = self._digests(self.revisions()[-2])
        changed, gone = self.changed_since(revision)
        pre, back = (self.versions / revision / name for name in ("pre.sql", "downgrade.sql"))
        by_hand = list(gone)
        for path in changed:
            text = self.text(path)
            is_plain = len(_CREATED.findall(text)) == len(_REPLACED.findall(text)) == 1
            if not is_plain or not _put_section(pre, path, _replacing(text), self._before(path)):
                by_hand.append(path)
            elif f"{_SECTION}{path}\n" not in back.read_text("utf-8"):
                # A new one is dropped first, for it may use anything else.
                former = self._last_text(path, but=revision) if path in before else self._drop(path)
                _put_section(
                    back, path, former or _TO_WRITE.format(file=back.name, path=path), _DROPS
                )
        self._keep_digests(revision)
        return by_hand

    def changed_since(self, revision: str) -> tuple[list[str], list[str]]:
        """The files of schema/ that are new or other than at a revision, and those that are gone."""
        known, now = self._digests(revision), self._current_digests()
        changed = [path for path in self.paths() if now[path] != known.get(path)]
        return changed, [path for path in known if path not in now]

    def freeze(self) -> list[str]:
        """List the revisions as released; returns the files that are new there."""
        known = self.released()
        files = [file for revision in self.revisions() for file in self.files_of(revision)]
        new = [file for file in files if file not in known]
        with (self.root / "RELEASED").open("a", encoding="utf-8") as released:
            released.writelines(f"{digest(self.root / file)}  {file}\n" for file in new)
        return new

    def changed_since_release(self) -> list[str]:
        """The files of released revisions that are not as they were released, or are new or gone."""
        listed = self.released()
        revisions = {match[0] for path in listed if (match := re.search(r"r\d{4}", path))}
        there = [path for one in revisions for path in self.files_of(one)]
        now = {path: digest(self.root / path) for path in there}
        return sorted(path for path in now.keys() | listed if now.get(path) != listed.get(path))

    def _pre(self, changed: list[str], known: dict[str, str]) -> str:
        # Running the roles again gives new objects their grants.
        roles = [one for one in self.paths() if one.startswith("roles/") and one not in changed]
        parts = ["-- Before the roll-out: the code of the release before goes on working.\n"]
        for path in [*changed, *roles]:
            if path in known and _MADE_ONCE.search(self.text(path)):
                # An existing table, type or domain is altered: what to write is not mechanical.
                todo = _TO_WRITE.format(file="pre.sql", path=path)
                parts.append(_section(path, f"-- ALTER …, to what the file says now.\n{todo}"))
            else:
                parts.append(_section(path, _replacing(self.text(path))))
        return "\n".join(parts)

    def _post(self, gone: list[str]) -> str:
        parts = ["-- After the roll-out of the release before: what only older code called.\n"]
        parts += [_section(path, self._drop(path)) for path in gone]
        return "\n".join(parts)

    def _downgrade(self, changed: list[str], gone: list[str], known: dict[str, str]) -> str:
        # What was there before comes back first, so that what is dropped afterwards is no longer in use.
        back = [path for path in known if path in changed and not path.startswith("roles/")]
        roles = [path for path in known if path.startswith("roles/")]
        parts = ["-- Back to the revision before.\n"]
        for path in [*gone, *back, *roles]:
            todo = _TO_WRITE.format(file="downgrade.sql", path=path)
            parts.append(_section(path, self._last_text(path) or todo))
        new = [path for path in reversed(changed) if path not in known]
        parts += [_section(path, self._drop(path)) for path in new if not path.startswith("roles/")]
        return "\n".join(parts)

    def _before(self, path: str) -> str:
        """The pattern of the sections before which a new one goes: of files that are later in order.txt, or of roles.

        Views and functions with a parsed body need what they use to exist, and order.txt makes that first.
        """
        order = self.paths()
        later = [one for one in order[order.index(path) + 1 :] if not one.startswith("roles/")]
        return "|".join([_ROLES, *(rf"^{re.escape(_SECTION + one)}$" for one in later)])

    def _drop(self, path: str) -> str:
        name = Path(path).stem
        texts = [*self._earlier(), self.text(path) if path in self.paths() else ""]
        kinds = [re.search(_KIND.format(name=name), text, re.MULTILINE) for text in texts]
        found = next((one[1] for one in reversed(kinds) if one), None)
        return f"DROP {found} {name};\n" if found else _TO_WRITE.format(file="a drop", path=path)

    def _last_text(self, path: str, *, but: str = "") -> str | None:
        """What the last revision with a section for the file has there; None for what is altered, not replaced."""
        pattern = rf"^{re.escape(_SECTION + path)}\n(.*?)(?=^{re.escape(_SECTION)}|\Z)"
        found = [re.search(pattern, text, re.MULTILINE | re.DOTALL) for text in self._earlier(but)]
        sections = [one[1] for one in found if one]
        if not sections or _MADE_ONCE.search("".join(sections)):
            return None
        return _replacing(sections[-1].strip("\n") + "\n")

    def _earlier(self, but: str = "") -> list[str]:
        files = [self.versions / revision / name for revision in self.revisions() if revision != but for name in
                 ("baseline.sql", "pre.sql")]  # fmt: skip
        return [file.read_text(encoding="utf-8") for file in files if file.exists()]

    def _current_digests(self) -> dict[str, str]:
        return {path: digest(self.root / "schema" / path) for path in self.paths()}

    def _digests(self, revision: str) -> dict[str, str]:
        lines = (self.versions / revision / "schema.sha256").read_text("utf-8").splitlines()
        return {path: found for found, path in (line.split(maxsplit=1) for line in lines)}

    def _keep_digests(self, revision: str) -> None:
        lines = [f"{found}  {path}\n" for path, found in self._current_digests().items()]
        (self.versions / revision / "schema.sha256").write_text("".join(lines), "utf-8")


def digest(file: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _section(path: str, text: str) -> str:
    return f"{_SECTION}{path}\n{text}"


def _put_section(script: Path, path: str, text: str, before: str) -> bool:
    """Replace the section of a file, or add it before the first match of a pattern. False: it is written by hand."""
    whole = script.read_text(encoding="utf-8")
    pattern = rf"^{re.escape(_SECTION + path)}\n(.*?)(?=^{re.escape(_SECTION)}|\Z)"
    found = list(re.finditer(pattern, whole, re.MULTILINE | re.DOTALL))
    if len(found) > 1 or (found and not _is_generated(found[0][1], text)):
        return False
    if found:
        start, end = found[0].span()
    else:
        place = re.search(before, whole, re.MULTILINE)
        start = end = place.start() if place else len(whole)
    parts = [
        whole[:start].rstrip("\n"),
        _section(path, text).rstrip("\n"),
        whole[end:].rstrip("\n"),
    ]
    script.write_text("\n\n".join(filter(None, parts)) + "\n", encoding="utf-8")
    return True


def _is_generated(section: str, text: str) -> bool:
    """Whether a section has no other statements than the file: CREATE, COMMENT, and nothing before them."""
    kinds = [
        re.findall(r"^[A-Z]+\b", _outside_bodies(one), re.MULTILINE) for one in (section, text)
    ]
    return set(kinds[0]) <= set(kinds[1]) | {"COMMENT"} and kinds[0].count("CREATE") == 1


def _outside_bodies(text: str) -> str:
    return re.sub(r"\$\$.*?\$\$", "", text, flags=re.DOTALL)


def _replacing(text: str) -> str:
    return _REPLACED.sub(r"CREATE OR REPLACE \1", text)


def _is_revision(folder: Path) -> bool:
    return folder.is_dir() and re.fullmatch(r"r\d{4}", folder.name) is not None


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("baseline")
    commands.add_parser("freeze")
    commands.add_parser("update")
    commands.add_parser("revision").add_argument("name")
    given = parser.parse_args()
    here = Migrations()
    try:
        if given.command == "baseline":
            here.make_baseline()
        elif given.command == "freeze":
            sys.stdout.writelines(f"released: {file}\n" for file in here.freeze())
        elif given.command == "update":
            by_hand = here.update_revision()
            sys.stdout.writelines(f"write by hand: {path}\n" for path in by_hand)
        else:
            revision = here.make_revision(given.name)
            sys.stdout.write(f"migrations/versions/{revision}: read it before you commit it\n")
            if (here.versions / revision / "post.sql").exists():
                sys.stdout.write(
                    "post.sql removes objects: if older servers call them, raise the first revision in"
                    " schema/administration/serves_code_of.sql\n"
                )
    except Refused as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
