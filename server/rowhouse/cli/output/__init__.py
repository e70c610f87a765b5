"""The output of the commands: tables for people, documents for programs.

`columns.py` says what a list shows, `formats.py` which formats exist, `printer.py` prints, `sorting.py` is `--sort`,
`watching.py` is `--watch`.
"""

from rowhouse.cli.output.columns import Column
from rowhouse.cli.output.formats import Format, output_option
from rowhouse.cli.output.printer import Printer

__all__ = ["Column", "Format", "Printer", "output_option"]
