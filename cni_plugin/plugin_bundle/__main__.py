"""``python -m plugin_bundle build/plugin``: build the bundle and describe it."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from plugin_bundle.interpreter import copy_interpreter
from plugin_bundle.launcher import make_launcher
from plugin_bundle.modules import copy_modules
from rowhouse_cni import __version__


def main() -> None:
    """Build into a scratch folder beside OUTPUT, then put it in OUTPUT's place."""
    parser = argparse.ArgumentParser(
        prog="python -m plugin_bundle", description="Build the self-contained CNI plugin."
    )
    parser.add_argument("output", type=Path, help="the folder to create, such as build/plugin")
    output: Path = parser.parse_args().output
    if output.exists() and not (output / "rowhouse.d").is_dir() and any(output.iterdir()):
        sys.exit(f"{output} contains other files: use another folder")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".plugin-") as scratch:
        made = Path(scratch) / "plugin"
        folder = made / "rowhouse.d"
        folder.mkdir(parents=True)
        (folder / "version").write_text(__version__ + "\n")  # for the node daemon's report
        extensions = copy_modules(folder)
        interpreter = copy_interpreter(folder, extensions)
        how = make_launcher(made / "rowhouse", interpreter)
        for path in made.rglob("*"):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        made.chmod(0o755)
        shutil.rmtree(output, ignore_errors=True)
        made.rename(output)
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"{output}/rowhouse: Python {version}, {size / 1e6:.1f} MB, launcher {how}")


main()
