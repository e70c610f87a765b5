"""The addresses of the server's Service, for hosts, which cannot look it up.

The kubelet puts them into a pod's variables, but only if it knows the Service when the pod starts; the cluster's DNS
knows it a moment later.
"""

import socket


class ServiceUnknown(OSError):
    """The Service has no address yet."""


def urls_of(service: str) -> str:
    """The URLs of ``HOST:PORT``, one for each address, separated by commas. Raise ServiceUnknown."""
    host, _, port = service.rpartition(":")
    try:
        found = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)
    except OSError as failure:
        raise ServiceUnknown(
            f"cannot look up the Service {host}: {failure.strerror or failure}."
            " Check that it exists and that the cluster's DNS works. The daemon retries"
        ) from None
    addresses = sorted({(family, str(address[0])) for family, *_, address in found})
    return ",".join(
        f"https://[{address}]:{port}" if family == socket.AF_INET6 else f"https://{address}:{port}"
        for family, address in addresses
    )
