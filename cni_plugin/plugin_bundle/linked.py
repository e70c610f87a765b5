"""Links the modules that every call loads into one, so that a call opens one file instead of eleven."""

import ast
import graphlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType

START = "plugin"
PLACE = "the linked modules"
# Appended to the package's own code: creates the modules, each after those that it imports.
LINK = f"""
import sys
for _name, _code in {PLACE!r}:
    _module = type(sys)(_name)
    _module.__package__ = __name__
    sys.modules[_name] = globals()[_name.rpartition(".")[2]] = _module
    exec(_code, _module.__dict__)
del sys, _name, _code, _module
"""


def linked_modules(package: Path) -> list[str]:
    """Return START and the modules that it loads, each after those that it imports."""
    imports: dict[str, set[str]] = {}
    found = [START]
    while found:
        name = found.pop()
        if name not in imports:
            source = package.joinpath(name).with_suffix(".py").read_bytes()
            imports[name] = set(imported_at_once(ast.parse(source), package.name))
            found += imports[name]
    return list(graphlib.TopologicalSorter(imports).static_order())


def imported_at_once(tree: ast.Module, package: str) -> Iterator[str]:
    """Yield the modules of ``package`` that a module imports when it is loaded."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{package}."):
            yield (node.module or "").partition(".")[2]


def linked_package(package: Path, compiled: Callable[[str, str], CodeType]) -> CodeType:
    """Return the package with its linked modules, as the code of its ``__init__``.

    ``compiled`` compiles a source, given its file name inside the library.
    """
    modules = []
    for name in linked_modules(package):
        file = package.joinpath(name).with_suffix(".py")
        code = compiled(f"{package.name}/{file.name}", file.read_text())
        modules.append((f"{package.name}.{name}", code))
    source = package.joinpath("__init__.py").read_text() + LINK
    whole = compiled(f"{package.name}/__init__.py", source)
    put = [tuple(modules) if constant == PLACE else constant for constant in whole.co_consts]
    return whole.replace(co_consts=tuple(put))
