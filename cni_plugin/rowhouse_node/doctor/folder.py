"""The CNI folder of the host: our plugin, and the file ``whereabouts``."""

import os

from rowhouse_node.doctor.finding import FAILED, OK, WARNING, Finding
from rowhouse_node.host_plugin import HostPlugin, is_intact, is_ours
from rowhouse_node.options import Options
from rowhouse_node.stand_in import REMEDY, described

RESTART = "Restart the node daemon, which reinstalls it: kubectl rollout restart ds/rowhouse-node"


def folder(options: Options) -> Finding:
    """The launcher and the folder that it uses."""
    plugin = HostPlugin(options.bin_dir)
    name = "folder"
    if problem := plugin.problem(as_whereabouts=False):
        return Finding(name, FAILED, problem, RESTART)
    used = plugin.bin_dir / plugin.link.readlink()
    if not is_intact(used, used.name.removeprefix("rowhouse.d-")):
        return Finding(name, FAILED, f"{used} has changed since it was installed", RESTART)
    return Finding(name, OK, f"{plugin.launcher} with {used.name}")


def whereabouts(options: Options) -> Finding:
    """Which installer's file it is: it serves ``"type": "whereabouts"``."""
    file = HostPlugin(options.bin_dir).whereabouts
    if not os.path.lexists(file):
        if options.as_whereabouts:
            return Finding("whereabouts", FAILED, f"{file} does not exist", RESTART)
        return Finding("whereabouts", OK, f"{file} does not exist, as configured")
    if is_ours(file):
        if options.as_whereabouts:
            return Finding("whereabouts", OK, f"{file} is Rowhouse's")
        return Finding(
            "whereabouts",
            WARNING,
            f"{file} is Rowhouse's, but the daemon runs without --as-whereabouts",
            RESTART,
        )
    if options.as_whereabouts:
        return Finding(
            "whereabouts", FAILED, f"{file} is another installer's: {described(file)}", REMEDY
        )
    return Finding("whereabouts", OK, f"{file} is another plugin's: {described(file)}")
