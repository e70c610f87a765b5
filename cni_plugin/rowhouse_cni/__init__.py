"""Rowhouse's CNI plugin: CNI over HTTP, standard library only.

It forwards what the container runtime gave it and prints what the server answered.
It knows no range and reads no more of the network configuration than ``log_file``.
"""

__version__ = "0.1.0"
