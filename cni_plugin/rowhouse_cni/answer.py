"""An answer of the server, and whether it can be used."""

SUCCESS = 200  # HTTP: all other statuses are a plugin's failure
SERVER_ERROR = 500  # HTTP: this and above
NOT_READY = 503  # HTTP: of the server errors, the one that passes
NOT_NOW = (401, 407, 408, 425, 429)  # HTTP: the same request may succeed later


class NoAnswerError(Exception):
    """This server gave no usable answer; the text says why."""


class Answer:
    """An HTTP status and the whole body."""

    __slots__ = ("body", "status")

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.body = body

    def is_rowhouse(self, command: str) -> bool:
        """Whether Rowhouse can have said this, rather than a proxy on the way.

        A result or an error is a JSON object, and an error has a code and a message;
        all other successes are empty (CNI SPEC, section 5).
        """
        text = self.body.strip()
        is_object = text[:1] == b"{" and text[-1:] == b"}"
        if self.status != SUCCESS:
            return is_object and b'"code"' in text and b'"msg"' in text
        return is_object if command == "ADD" else (is_object or not text)

    def is_final(self, command: str) -> bool:
        """Whether asking again later can't give another answer."""
        return (
            self.is_rowhouse(command) and self.status < SERVER_ERROR and self.status not in NOT_NOW
        )
