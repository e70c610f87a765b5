"""`python -m rowhouse` is the `rowhouse` command."""

from rowhouse.cli import main

main(prog_name="rowhouse")
