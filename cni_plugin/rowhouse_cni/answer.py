"""An answer of the server, and whether it can be used."""

SUCCESS = 200  # HTTP: all other statuses are a plugin's failure
KEPT = 202  # HTTP: from the node's agent alone: no server took the DEL, and the agent keeps it
SERVER_ERROR = 500  # HTTP: this and above
NOT_READY = 503  # HTTP: of the server errors, the one that passes
REQUEST_ID_DIGITS = 16
NOT_NOW = (401, 407, 408, 425, 429)  # HTTP: the same request may succeed later


class NoAnswerError(Exception):
    """This server gave no usable answer; the text says why."""


class Answer:
    """An HTTP status, the whole body, and the two fields that tell whose it is.

    ``call``: Rowhouse-Answer, ``request_id``: X-Request-ID; empty where absent. ``is_last``: no
    other answer can follow on the connection.
    """

    __slots__ = ("body", "call", "is_last", "request_id", "status")

    def __init__(
        self, status: int, body: bytes, call: bytes = b"", request_id: bytes = b""
    ) -> None:
        self.status = status
        self.body = body
        self.call = call
        self.request_id = request_id
        self.is_last = True  # of its connection, as far as is known

    def is_rowhouse(self, command: str, call: bytes) -> bool:
        """Whether a Rowhouse server gave this answer, to the request with this Rowhouse-Call.

        A result or an error is a JSON object, and all other successes are empty (CNI SPEC,
        section 5). Two kinds of answers do not repeat Rowhouse-Call: those of versions before
        it, and that of a server too busy to read the request. Their form decides: a
        result or an error has a cniVersion, an empty success has a request id of our servers.
        """
        text = self.body.strip()
        is_object = text[:1] == b"{" and text[-1:] == b"}"
        if self.call:
            is_ours = self.call == call
        elif text:
            is_ours = b'"cniVersion"' in text and (command == "ADD" or self.status != SUCCESS)
        else:
            is_ours = is_request_id(self.request_id)
        if self.status != SUCCESS:
            return is_ours and is_object and b'"code"' in text and b'"msg"' in text
        return is_ours and (is_object or (not text and command != "ADD"))

    def is_final(self) -> bool:
        """Whether a later retry would get the same answer."""
        return self.status < SERVER_ERROR and self.status not in NOT_NOW


def is_request_id(text: bytes) -> bool:
    """Whether this is a request id of our servers: 16 hexadecimal digits. Those of proxies are longer."""
    return len(text) == REQUEST_ID_DIGITS and not text.strip(b"0123456789abcdef")
