"""Read objects from files: YAML or JSON, one or more documents, with or without lists."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from rowhouse.domain.errors import InputFailure
from rowhouse.importers.whereabouts.objects import Objects

if TYPE_CHECKING:
    from collections.abc import Iterable

SUFFIXES: Final = (".yaml", ".yml", ".json")
STDIN: Final = "-"
# The C parser reads a pool of 10,000 addresses in one second; the Python parser takes ten.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_files(paths: Iterable[str], objects: Objects | None = None) -> Objects:
    """Read all objects in some files, into `objects` if given.

    In a folder, it reads the files that end in .yaml, .yml or .json; "-" is standard input.

    Raises InputFailure if a file cannot be read completely.
    """
    objects = Objects() if objects is None else objects
    for path in paths:
        if path == STDIN:
            objects.add_all(_documents(sys.stdin.read(), "standard input"), "standard input")
            continue
        for file in _files(Path(path)):
            objects.add_all(_documents(_read(file), str(file)), str(file))
    return objects


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES and file.is_file())
    if not found:
        raise InputFailure(f"{path} contains no file that ends in {', '.join(SUFFIXES)}")
    return found


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputFailure(f"{file} cannot be read: {error}") from error


def _documents(text: str, where: str) -> list[Any]:
    try:
        if text.lstrip().startswith("{"):
            return _json_documents(text)
        return list(yaml.load_all(text, Loader=_Loader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise InputFailure(
            f"{where} cannot be read: {said}",
            hint="Write it again with kubectl get … -o yaml, or omit it. Nothing was imported.",
        ) from error


def _json_documents(text: str) -> list[Any]:
    """Return the documents of concatenated outputs of `kubectl get -o json`."""
    decoder, found, position = json.JSONDecoder(), [], 0
    while (rest := text[position:].lstrip()) and rest:
        position = len(text) - len(rest)
        document, end = decoder.raw_decode(text, position)
        found.append(document)
        position = end
    return found
