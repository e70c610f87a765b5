"""Builds the plugin for nodes that have no Python: ``python -m plugin_bundle OUTPUT``.

    OUTPUT/rowhouse      a static launcher; install it under any name, or link to it
    OUTPUT/rowhouse.d/   beside it: the interpreter, its loader, libc and libraries, and
                         only the modules of the standard library that rowhouse_cni uses

The bundle is made from the interpreter that runs the build, for this machine's
architecture. On the node, it needs only a Linux kernel.
"""
