"""Who reads the pages: login, logout, and forms that only our own pages can send."""

from rowhouse.web.session import account, csrf, login, logout, oidc

__all__ = ["account", "csrf", "login", "logout", "oidc"]
