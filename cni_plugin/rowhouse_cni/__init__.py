"""Rowhouse's CNI plugin: CNI over HTTP, standard library only.

It forwards the container runtime's call and prints the server's answer.
It does not interpret ranges, and reads only ``log_file`` from the network configuration.
"""

__version__ = "0.1.0"
