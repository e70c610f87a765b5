"""Finds the modules that the plugin needs, and compiles them."""

import ast
import importlib.util
import json
import marshal
import subprocess
import sys
from pathlib import Path
from types import CodeType

from plugin_bundle.interpreter import python_folder
from plugin_bundle.linked import linked_modules, linked_package

PLUGIN = Path(__file__).parent.parent / "rowhouse_cni"
# The standard library imports these inside functions, so the bare imports do not show them.
ALSO: tuple[str, ...] = ()
# A file that the interpreter looks for to find its library, but doesn't read (getpath).
LANDMARK = "os"
# Imports the named modules and prints the file of each loaded module.
LIST_FILES = """
import sys
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2:]:
    __import__(name)
files = {}
for module in list(sys.modules.values()):
    spec = getattr(module, "__spec__", None)
    if spec is not None and (spec.origin != "frozen" or spec.name == "os"):
        files[spec.name] = getattr(module, "__file__", None)
import json
print(json.dumps(files))
"""


def copy_modules(folder: Path) -> list[Path]:
    """Put all .pyc files into ``folder``; return the extension modules still to copy."""
    library = folder / "lib" / python_folder()
    (library / "lib-dynload").mkdir(parents=True)
    extensions = []
    linked = {f"{PLUGIN.name}.{name}" for name in linked_modules(PLUGIN)}
    for name, file in sorted(files_of(modules_of_the_plugin()).items()):
        if file.suffix == ".so":
            extensions.append(file)
        elif name not in linked:
            compile_module(file, library, name)
    write_code(linked_package(PLUGIN, compiled), library / PLUGIN.name / "__init__.pyc")
    return extensions


def modules_of_the_plugin() -> list[str]:
    """Return every module of rowhouse_cni, and every module that they import anywhere."""
    names = {"rowhouse_cni", LANDMARK, *ALSO}
    for file in PLUGIN.rglob("*.py"):
        inside = file.relative_to(PLUGIN.parent).with_suffix("").parts
        if inside[-1] not in ("__init__", "__main__"):
            names.add(".".join(inside))
        names |= imported_by(ast.parse(file.read_bytes()))
    return sorted(names)


class WithoutTypes(ast.NodeTransformer):
    """Removes imports for type checkers."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        """Remove ``if TYPE_CHECKING:``."""
        return None if ast.unparse(node.test) == "TYPE_CHECKING" else self.generic_visit(node)


def imported_by(tree: ast.AST) -> set[str]:
    """Return the modules that the import statements of ``tree`` name."""
    names = set()
    for node in ast.walk(WithoutTypes().visit(tree)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def files_of(names: list[str]) -> dict[str, Path]:
    """Return the files of the named modules and of all modules that they load in a bare interpreter."""
    options = ["-I", "-S", "-B", "-c", LIST_FILES]
    command = [sys.executable, *options, str(PLUGIN.parent), *names]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    files: dict[str, str | None] = json.loads(listing)
    return {name: Path(file) for name, file in files.items() if file and name != "__main__"}


def compile_module(source: Path, library: Path, name: str) -> None:
    """Write the module as sourceless .pyc."""
    inside = Path(*name.split("."))
    if source.name == "__init__.py":
        inside /= "__init__"
    code = compiled(f"{inside}.py", source.read_bytes())
    write_code(code, (library / inside).with_suffix(".pyc"))


def compiled(inside: str, source: bytes | str) -> CodeType:
    """Compile a source without docstrings, asserts and paths of this host."""
    return compile(source, inside, "exec", dont_inherit=True, optimize=2)


def write_code(code: CodeType, target: Path) -> None:
    """Write a .pyc without a source."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # Four bytes of flags, eight for time and size of the source, which does not exist (PEP 552).
    target.write_bytes(importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(code))
