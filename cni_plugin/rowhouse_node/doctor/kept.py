"""DELs that no server accepted, and their folder."""

import os

from rowhouse_cni.spool import Spool, SpoolUnusableError
from rowhouse_cni.spool_entry import REFUSED, names_in
from rowhouse_node.doctor.finding import FAILED, OK, WARNING, Finding
from rowhouse_node.options import Options
from rowhouse_node.uninstall import spools_in_use

MIN_FREE_BYTES = 16 << 20


def spool(options: Options) -> Finding:
    """Whether DELs can be kept, and whether some wait or were refused."""
    waiting = refused = 0
    free = MIN_FREE_BYTES
    for directory in spools_in_use(options):
        try:
            os.close(Spool(directory).open())
            disk = os.statvfs(directory)
        except FileNotFoundError:
            continue  # it is made for the first DEL that is kept
        except (OSError, SpoolUnusableError) as trouble:
            remedy = f"{directory} must be a folder of the plugin's user with mode 0700."
            return Finding("spool", FAILED, str(trouble), remedy)
        free = min(free, disk.f_bavail * disk.f_frsize)
        waiting += len(names_in(directory))
        refused += len(names_in(f"{directory}/{REFUSED}"))
    said = f"{waiting} DELs are waiting for a server, {refused} were refused"
    if free < MIN_FREE_BYTES:
        return Finding(
            "spool", WARNING, f"{said}; {free} bytes are free", "Free space on that disk."
        )
    if refused:
        remedy = "docs/runbook.md#rowhousereplaysrefused describes what to do with them."
        return Finding("spool", WARNING, said, remedy)
    return Finding("spool", OK, said)
