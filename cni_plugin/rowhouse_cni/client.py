"""Ask the servers in turn until one gives a usable answer.

Each URL gets an equal share of the remaining time, so that a dead first server leaves
enough for the second. A single URL is tried again if the first try failed at once: behind
it there may be several replicas, and every CNI command can be repeated (the server knows
an attachment by cluster, container and interface).

An ADD keeps retrying for some seconds, because its failure costs the runtime a whole sandbox. The
pauses grow and have jitter, so that a thousand nodes do not call at the same time after an outage.
"""

from time import monotonic, monotonic_ns, sleep

from rowhouse_cni import __version__
from rowhouse_cni.answer import NOT_READY, SERVER_ERROR, Answer, NoAnswerError
from rowhouse_cni.errors import NoServerAnsweredError
from rowhouse_cni.exchange import post
from rowhouse_cni.server_url import Server
from rowhouse_cni.settings import Settings, read_file

KEEP_TRYING_OTHERS = 1.0  # seconds
KEEP_TRYING = 3.0  # seconds, for an ADD
FIRST_PAUSE = 0.05  # seconds, doubled with each round in which no server answered
PAUSE_AFTER_REFUSAL = 1.0  # seconds: the server's own Retry-After
FIXED_LINES = [
    b"User-Agent: rowhouse-cni/" + __version__.encode(),
    b"Content-Type: application/json",
]


class Way:
    """How a request gets to a server: here, on a connection of its own, with the token of a file."""

    __slots__ = ()

    def lines(self, settings: Settings) -> list[bytes]:
        """The header lines of each request. Raise NoServerAnsweredError if there can be none."""
        return [b"Connection: close", *authorization_lines(settings)]

    def servers(self, settings: Settings) -> list[Server]:
        """The servers to ask now, in this order."""
        return settings.servers

    def post(self, settings: Settings, server: Server, request: bytes, deadline: float) -> Answer:
        """Send a request. Raise NoAnswerError unless a whole answer comes before the deadline."""
        return post(server, request, settings.ca_file, deadline)


DIRECT = Way()


def identity_lines(settings: Settings) -> list[bytes]:
    """The header lines that say for which node and cluster a call is made."""
    lines = [b"Rowhouse-Node: " + settings.node.encode()]
    if settings.cluster:
        lines.append(b"Rowhouse-Cluster: " + settings.cluster.encode())
    return lines


def authorization_lines(settings: Settings) -> list[bytes]:
    """The token's header line, read on every call: a projected token changes while a node runs."""
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
        "the node daemon writes this file: check that it is running, then try again",
    )


def ask_each(
    settings: Settings,
    command: str,
    lines: list[bytes],
    deadline: float,
    reasons: list[str],
    way: Way,
) -> Answer | None:
    """Ask the servers in turn: the first answer that counts, else the last 5xx of Rowhouse's own.

    ``reasons`` gets the reason why each other server gave none.
    """
    refusal = None
    servers = way.servers(settings)
    for position, server in enumerate(servers):
        now = monotonic()
        left = deadline - now
        if left <= 0.0:
            break
        share = left / (len(servers) - position)
        start = b"POST " + server.path.encode() + b" HTTP/1.1"
        host = b"Host: " + server.authority.encode()
        timeout = b"Rowhouse-Timeout: %.3f" % share
        call = b"%x" % monotonic_ns()
        request = b"\r\n".join([start, host, timeout, b"Rowhouse-Call: " + call, *lines])
        try:
            answer = way.post(settings, server, request, now + share)
        except NoAnswerError as failure:
            reasons.append(f"{server.url}: {failure}")
            continue
        if not answer.is_rowhouse(command, call):
            reasons.append(f"{server.url}: HTTP {answer.status}, but not from Rowhouse")
        elif answer.status < SERVER_ERROR:
            return answer
        else:
            refusal = answer
    return refusal


def pause_after(rounds: int, refusal: Answer | None) -> float:
    """Seconds until an ADD is sent again, with a jitter of ±50 %."""
    pause = FIRST_PAUSE * 2.0**rounds if refusal is None else PAUSE_AFTER_REFUSAL
    return pause * (0.5 + monotonic_ns() // 10 % 1000 / 1000)


def ask(
    settings: Settings,
    command: str,
    lines: list[bytes],
    netconf: bytes,
    deadline: float,
    way: Way = DIRECT,
    begun: float = 0.0,
) -> Answer:
    """The first usable answer to one CNI command.

    ``lines``: the CNI-* and identity header lines. ``deadline``: a reading of time.monotonic(); so
    is ``begun``, from which an ADD keeps retrying, 0 for now. Raise NoServerAnsweredError, naming
    each server and what was wrong with it. An error of Rowhouse's own with status 5xx is returned
    only if no other server, and no later try, does better.
    """
    length = b"Content-Length: " + str(len(netconf)).encode()
    lines = [*lines, *way.lines(settings), length, *FIXED_LINES, b"", netconf]
    reasons: list[str] = []
    refusal: Answer | None = None
    again_until = min(
        deadline, (begun or monotonic()) + (KEEP_TRYING if command == "ADD" else KEEP_TRYING_OTHERS)
    )
    rounds = 0
    while True:
        answer = ask_each(settings, command, lines, deadline, reasons, way)
        if answer is not None and answer.status < SERVER_ERROR:
            return answer
        refusal = answer or refusal
        rounds += 1
        if command == "ADD":
            pause = pause_after(rounds, refusal)
            over = refusal is not None and refusal.status != NOT_READY
        else:
            pause = 0.0
            over = refusal is not None or rounds > 1 or len(settings.servers) > 1
        if over or monotonic() + pause > again_until:
            break
        sleep(pause)
    if refusal is not None:
        return refusal
    raise NoServerAnsweredError(
        f"no Rowhouse server answered {command}",
        f"{'; '.join(dict.fromkeys(reasons)) or 'no time was left'} - check that the server "
        f"is running and that `server` in {settings.file} is right, then try again",
    )
