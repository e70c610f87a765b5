"""Parse the URL of a server."""

MAX_PORT = 65535


class Server:
    """One server URL, taken apart: ``http[s]://host[:port][/prefix]``."""

    __slots__ = ("authority", "host", "path", "port", "tls", "tls_name", "url")

    def __init__(self, url: str) -> None:
        """Raise ValueError, which names the rule that ``url`` breaks."""
        scheme, separator, rest = url.partition("://")
        self.url = url
        self.tls = scheme.lower() == "https"
        if not separator or scheme.lower() not in ("http", "https"):
            raise ValueError("a URL begins with http:// or https://")
        if any(c in url for c in "@?#\\ "):
            raise ValueError("a URL has no user name, query or fragment here")
        self.authority, _, path = rest.partition("/")
        self.path = ("/" + path).rstrip("/") + "/cni"
        if self.authority.startswith("["):
            self.host, bracket, port = self.authority[1:].partition("]")
            fits = bool(bracket) and port[:1] in ("", ":") and ":" in self.host
            port = port[1:]
        else:
            self.host, _, port = self.authority.partition(":")
            fits = ":" not in port
        if not fits or not self.host or not url.isascii() or not url.isprintable():
            raise ValueError("write it as http://host:port, an IPv6 address in brackets")
        if port and not (port.isdigit() and 0 < int(port) <= MAX_PORT):
            raise ValueError(f"a port is a number from 1 to {MAX_PORT}")
        self.tls_name = self.host  # the name that its certificate must have
        self.port = int(port) if port else (443 if self.tls else 80)
