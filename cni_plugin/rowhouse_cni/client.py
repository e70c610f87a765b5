"""Asking the servers in turn, until one gives an answer that can be used.

Each URL gets an equal share of the time that is left, so that a dead first server leaves
enough for the second. A single URL is tried again if the first try failed at once: behind
it there may be several replicas, and every CNI command can be repeated (the server knows
an attachment by cluster, container and interface).
"""

from time import monotonic

from rowhouse_cni import __version__
from rowhouse_cni.answer import SERVER_ERROR, Answer, NoAnswerError
from rowhouse_cni.errors import NoServerAnsweredError
from rowhouse_cni.exchange import post
from rowhouse_cni.settings import Settings, read_file

AT_ONCE = 1.0  # seconds
FIXED_LINES = [
    b"User-Agent: rowhouse-cni/" + __version__.encode(),
    b"Content-Type: application/json",
    b"Connection: close",
]


def identity_lines(settings: Settings) -> list[bytes]:
    """The header lines that say for which node and cluster a call is made."""
    lines = [b"Rowhouse-Node: " + settings.node.encode()]
    if settings.cluster:
        lines.append(b"Rowhouse-Cluster: " + settings.cluster.encode())
    return lines


def authorization_lines(settings: Settings) -> list[bytes]:
    """The token's header line, read anew: a projected token changes while a node runs."""
    if not settings.token_file:
        return []
    try:
        token = read_file(settings.token_file).strip()
    except OSError as failure:
        problem = failure.strerror
    else:
        if token and not token.strip(bytes(range(0x21, 0x7F))):
            return [b"Authorization: Bearer " + token]
        problem = "it is empty or not one line of visible ASCII"
    raise NoServerAnsweredError(
        f"can't use token_file {settings.token_file}: {problem}",
        "the node daemon writes this file; check that it runs, then try again",
    )


def ask(
    settings: Settings, command: str, lines: list[bytes], netconf: bytes, deadline: float
) -> Answer:
    """The first usable answer to one CNI command.

    ``lines``: the CNI-* and identity header lines. ``deadline``: a reading of
    time.monotonic(). Raise NoServerAnsweredError, naming each server and what was wrong with
    it. An error of Rowhouse's own with status 5xx is returned only if no other server
    does better.
    """
    length = b"Content-Length: " + str(len(netconf)).encode()
    lines = [*lines, *authorization_lines(settings), length, *FIXED_LINES, b"", netconf]
    servers = settings.servers
    alone = len(servers) == 1
    reasons: list[str] = []
    refusal: Answer | None = None
    again_until = monotonic() + AT_ONCE
    for position, server in enumerate(servers * 2 if alone else servers):
        now = monotonic()
        left = deadline - now
        if left <= 0.0 or (alone and position and now > again_until):
            break
        until = deadline if alone else now + left / (len(servers) - position)
        start = b"POST " + server.path.encode() + b" HTTP/1.1"
        host = b"Host: " + server.authority.encode()
        try:
            answer = post(server, b"\r\n".join([start, host, *lines]), settings.ca_file, until)
        except NoAnswerError as failure:
            reasons.append(f"{server.url}: {failure}")
            continue
        if not answer.is_rowhouse(command):
            reasons.append(f"{server.url}: HTTP {answer.status}, but not from Rowhouse")
        elif answer.status < SERVER_ERROR:
            return answer
        else:
            refusal = answer
            if alone:
                break
    if refusal is not None:
        return refusal
    raise NoServerAnsweredError(
        f"no Rowhouse server answered {command}",
        f"{'; '.join(dict.fromkeys(reasons)) or 'no time was left'} - check that the server "
        f"runs and that `server` in {settings.file} is right, then try again",
    )
