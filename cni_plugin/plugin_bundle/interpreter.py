"""Copies the interpreter with everything the dynamic loader would find for it."""

import subprocess
import sys
from pathlib import Path

from plugin_bundle.elf import Elf

LOADED_BY_NAME = (  # glibc before 2.34 loads these to look up hosts
    "libnss_files.so.2",
    "libnss_dns.so.2",
    "libresolv.so.2",
)


class Interpreter:
    """Paths inside the bundle, relative to rowhouse.d, and how to call the loader."""

    def __init__(self, loader: str, program: str, loader_options: list[str]) -> None:
        self.loader = loader
        self.program = program
        self.loader_options = loader_options


def copy_interpreter(folder: Path, extensions: list[Path]) -> Interpreter:
    """Copy this interpreter, its loader and all libraries that it and ``extensions`` need."""
    program = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    loader = Path(Elf(program).loader())
    if not loader.name:
        sys.exit(f"{program} is static: build with an interpreter that can load extensions")
    libraries: dict[str, Path] = {}
    for file in [program, *extensions]:
        libraries |= needed_by(loader, file)
    libc = libraries["libc.so.6"].resolve().parent if "libc.so.6" in libraries else None
    for name in LOADED_BY_NAME if libc else ():
        if libc and (libc / name).exists():
            libraries[name] = libc / name
    (folder / "bin").mkdir()
    copy_elf(program, folder / "bin" / "python")
    copy_elf(loader, folder / "lib" / "loader")
    for name, file in libraries.items():
        copy_elf(file, folder / "lib" / name)
    for file in extensions:
        copy_elf(file, folder / "lib" / python_folder() / "lib-dynload" / file.name)
    musl = "musl" in loader.name
    return Interpreter("lib/loader", "bin/python", [] if musl else ["--inhibit-cache"])


def python_folder() -> str:
    """The name of the library's folder, such as python3.11."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def needed_by(loader: Path, file: Path) -> dict[str, Path]:
    """Return the libraries of ``file`` by name, as its own loader finds them on this machine."""
    listing = subprocess.run(
        [loader, "--list", file], check=True, capture_output=True, text=True
    ).stdout
    libraries = {}
    for line in listing.splitlines():
        name, arrow, rest = line.strip().partition(" => ")
        path = Path(rest.rpartition(" (")[0])
        if arrow and path.is_absolute() and path.resolve() != loader.resolve():
            libraries[name] = path
    return libraries


def copy_elf(source: Path, target: Path) -> None:
    """Copy an ELF file without this host's search paths and without symbols."""
    elf = Elf(source)
    elf.without_library_paths()
    elf.without_symbols()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(elf.content)
    target.chmod(0o755)
