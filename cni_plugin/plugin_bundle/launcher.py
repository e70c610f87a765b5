"""Builds the executable ``rowhouse``: launcher.c if there is a C compiler, else a script."""

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from plugin_bundle.elf import PT_DYNAMIC, PT_INTERP, Elf
from plugin_bundle.interpreter import Interpreter

SOURCE = Path(__file__).with_name("launcher.c")
FLAGS = (
    "-O1",
    "-Wall",
    "-static",
    "-no-pie",
    "-fno-pie",
    "-nostdlib",
    "-ffreestanding",
    "-fno-builtin",  # there is no libc whose memcpy could be called
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    "-Wl,--build-id=none",
    "-Wl,-z,noexecstack",
    "-s",
)

SCRIPT = """#!/bin/sh
# rowhouse: becomes the interpreter of the folder rowhouse.d beside this script.
# The build had no C compiler for the faster launcher, which needs no shell.
here=$(readlink -f "$0") && here=${{here%/*}}/rowhouse.d
[ -x "$here/{loader}" ] || here=/opt/cni/bin/rowhouse.d
unset LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT GLIBC_TUNABLES OPENSSL_MODULES OPENSSL_ENGINES
LC_ALL=C OPENSSL_CONF=/dev/null
export LC_ALL OPENSSL_CONF
exec "$here/{loader}" {options} --library-path "$here/lib" "$here/{program}" \\
  -I -S -B -X utf8 -c 'from rowhouse_cni.plugin import main;main()' "$@"
"""


def make_launcher(target: Path, interpreter: Interpreter) -> str:
    """Write the launcher; return how it was made, for the report."""
    failures = []
    for compiler in compilers():
        trouble = compile_with(compiler, target, interpreter)
        if trouble is None:
            target.chmod(0o755)
            return f"static, by {' '.join(compiler)}"
        failures.append(f"{' '.join(compiler)}: {trouble}")
    options = " ".join(interpreter.loader_options)
    script = SCRIPT.format(loader=interpreter.loader, program=interpreter.program, options=options)
    target.write_text(script)
    target.chmod(0o755)
    for failure in failures:
        print(failure, file=sys.stderr)
    return "a shell script, slower, needs /bin/sh (no working C compiler: set CC, or install gcc)"


def compilers() -> list[list[str]]:
    """The C compilers worth trying: $CC, the host's, and the one in the ziglang wheel."""
    found = []
    if os.environ.get("CC"):
        found.append(shlex.split(os.environ["CC"]))
    found += [[name] for name in ("cc", "gcc", "clang") if shutil.which(name)]
    if importlib.util.find_spec("ziglang"):
        found.append([sys.executable, "-m", "ziglang", "cc"])
    return found


def compile_with(compiler: list[str], target: Path, interpreter: Interpreter) -> str | None:
    """Compile launcher.c; return what went wrong, if anything."""
    options = "".join(f'"{option}",' for option in interpreter.loader_options)
    command = [*compiler, *FLAGS, f"-DLOADER_OPTIONS={options}", "-o", str(target), str(SOURCE)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as failure:
        return str(failure)
    if run.returncode:
        return run.stderr.strip()
    launcher = Elf(target)
    if launcher.segment(PT_INTERP) or launcher.segment(PT_DYNAMIC):
        return "did not produce a static executable"
    return None
