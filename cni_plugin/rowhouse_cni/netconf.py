"""The little that the plugin reads of a network configuration: never on the hot path.

The server reads the keys (server/rowhouse/cni/netconf.py); the plugin sends the configuration as it is.

C's scanner alone (``_json``) instead of the ``json`` package, which costs as much as the
interpreter's own start.
"""

from _json import make_scanner


class _Rules:
    """The attributes that the scanner reads from a json.JSONDecoder."""

    strict = False
    object_hook = None
    object_pairs_hook = None
    array_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float
    memo: dict[str, str] = {}  # noqa: RUF012 - the scanner looks for this very attribute


def parse(netconf: bytes) -> dict[str, object]:
    """The configuration as a dict with lower-case keys; empty if it is not a JSON object.

    Go, and so upstream, matches keys in any case, and the last of equal keys counts.
    """
    try:
        value, _ = make_scanner(_Rules)(netconf.decode().lstrip(), 0)  # type: ignore[arg-type]
    except Exception:  # the server reports what is wrong
        return {}
    return lower_case_keys(value)


def lower_case_keys(value: object) -> dict[str, object]:
    """``value`` with lower-case keys, if it is an object; else nothing."""
    return {key.lower(): item for key, item in value.items()} if isinstance(value, dict) else {}


def cni_version(netconf: bytes) -> str:
    """The cniVersion of an error object: the configuration's, else our newest."""
    version = parse(netconf).get("cniversion")
    return version if isinstance(version, str) and version else "1.1.0"


def log_target(netconf: bytes) -> tuple[str, str]:
    """``log_file`` and ``log_level`` of the ``ipam`` object, empty where absent.

    Only of that object: a pod's annotations can add keys below ``args``, and a pod must
    not choose a file to which root appends.
    """
    ipam = lower_case_keys(parse(netconf).get("ipam"))
    file, level = ipam.get("log_file"), ipam.get("log_level")
    return (file if isinstance(file, str) else "", level if isinstance(level, str) else "")
