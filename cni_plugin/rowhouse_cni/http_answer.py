"""Reading an answer: HTTP/1.1, as far as one POST needs it (RFC 9112).

A body comes with Content-Length, in chunks (a proxy may do that) or up to the end of
the connection. An answer that is incomplete, too long or not HTTP raises NoAnswerError: it counts
as no answer, and the caller may ask again, because every CNI command can be repeated.
"""

from rowhouse_cni.answer import SUCCESS, Answer, NoAnswerError

MAX_HEAD = 64 * 1024  # bytes
MAX_BODY = 1024 * 1024  # bytes
MOST_INTERIM_ANSWERS = 8
MAX_CHUNK_LINE = 1024  # bytes
HEXADECIMAL = b"0123456789abcdefABCDEF"


class ClosedError(NoAnswerError):
    """The server closed the connection where an answer, or a part of one, would begin."""


class Connection:
    """A connection that takes a request and gives an answer."""

    def send(self, request: bytes) -> None:
        """Send all of it, or raise OSError."""
        raise NotImplementedError

    def receive(self) -> bytes:
        """The next bytes, empty at the end; raise OSError, TimeoutError among them."""
        raise NotImplementedError


class Incoming:
    """Bytes as they arrive: up to a mark, a number of them, or all."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.buffer = b""

    def more(self) -> bytes:
        """The next bytes; empty at the end of the connection."""
        piece = self.connection.receive()
        self.buffer += piece
        return piece

    def up_to(self, mark: bytes, limit: int, what: str) -> bytes:
        """Everything before ``mark``, which is dropped."""
        while mark not in self.buffer:
            if len(self.buffer) > limit:
                raise NoAnswerError(f"its {what} is longer than {limit} bytes")
            if not self.more():
                begun = "its answer was cut short" if self.buffer else "it closed the connection"
                failure = f"{begun} before the end of the {what}"
                raise (NoAnswerError if self.buffer else ClosedError)(failure)
        before, _, self.buffer = self.buffer.partition(mark)
        return before

    def exactly(self, length: int) -> bytes:
        """The next ``length`` bytes."""
        pieces = [self.buffer]
        have = len(self.buffer)
        while have < length:
            piece = self.connection.receive()
            if not piece:
                raise NoAnswerError(f"its answer was cut short after {have} of {length} bytes")
            pieces.append(piece)
            have += len(piece)
        whole = b"".join(pieces)
        self.buffer = whole[length:]
        return whole[:length]

    def to_the_end(self) -> bytes:
        """Everything until the server closes the connection."""
        while self.more():
            if len(self.buffer) > MAX_BODY:
                raise NoAnswerError(f"its answer is longer than {MAX_BODY} bytes")
        return self.buffer


def read_answer(connection: Connection, most_interim: int = MOST_INTERIM_ANSWERS) -> Answer:
    """Read one answer. Raise NoAnswerError if it isn't whole, or not HTTP."""
    incoming = Incoming(connection)
    for _ in range(most_interim):
        status, fields = parse_head(incoming.up_to(b"\r\n\r\n", MAX_HEAD, "head"))
        if status >= SUCCESS:  # below are interim answers (RFC 9110, section 15.2)
            body = read_body(incoming, status, fields)
            call, request_id = fields.get(b"rowhouse-answer"), fields.get(b"x-request-id")
            answer = Answer(status, body, call or b"", request_id or b"")
            closes = b"close" in fields.get(b"connection", b"").lower()
            answer.is_last = closes or incoming.buffer != b""
            return answer
    raise NoAnswerError("it sends interim answers without end")


def parse_head(head: bytes) -> tuple[int, dict[bytes, bytes]]:
    """Status, and the fields by lower-case name; a repeated field is joined by a comma."""
    lines = head.split(b"\r\n")
    version, _, rest = lines[0].partition(b" ")
    status = rest.partition(b" ")[0]
    if not version.startswith(b"HTTP/1.") or not is_number(status, 3):
        raise NoAnswerError("it doesn't speak HTTP/1.1")
    fields: dict[bytes, bytes] = {}
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        name = name.lower()
        value = value.strip()
        fields[name] = fields[name] + b"," + value if name in fields else value
    return int(status), fields


def read_body(incoming: Incoming, status: int, fields: dict[bytes, bytes]) -> bytes:
    """The body, framed as in RFC 9112, section 6.3."""
    if status in (204, 304):
        return b""
    coding = fields.get(b"transfer-encoding")
    if coding is not None:
        if coding.lower() != b"chunked":
            raise NoAnswerError("it sends a transfer coding other than chunked")
        return read_chunks(incoming)
    lengths = {value.strip() for value in fields.get(b"content-length", b"").split(b",")}
    length = lengths.pop()
    if not length and not lengths:
        fields[b"connection"] = b"close"  # RFC 9112, section 6.3: this is how the body ends
        return incoming.to_the_end()
    if lengths or not is_number(length, 19):
        raise NoAnswerError("its Content-Length is invalid")
    if int(length) > MAX_BODY:
        raise NoAnswerError(f"its answer is longer than {MAX_BODY} bytes")
    return incoming.exactly(int(length))


def read_chunks(incoming: Incoming) -> bytes:
    """A chunked body (RFC 9112, section 7.1); extensions and trailers are ignored."""
    pieces: list[bytes] = []
    total = 0
    while True:
        line = incoming.up_to(b"\r\n", MAX_CHUNK_LINE, "chunk size")
        digits = line.partition(b";")[0].strip()
        if not digits or digits.strip(HEXADECIMAL):
            raise NoAnswerError("its chunk size is invalid")
        size = int(digits, 16)
        if size == 0:
            return b"".join(pieces)
        total += size
        if total > MAX_BODY:
            raise NoAnswerError(f"its answer is longer than {MAX_BODY} bytes")
        chunk = incoming.exactly(size + 2)
        if chunk[-2:] != b"\r\n":
            raise NoAnswerError("its chunks don't fit their sizes")
        pieces.append(chunk[:-2])


def is_number(text: bytes, digits: int) -> bool:
    """Whether ``text`` is a decimal number of at most so many digits."""
    return text.isdigit() and len(text) <= digits
