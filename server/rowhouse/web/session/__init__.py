"""Sessions: login, logout, and protection of forms against forgery (CSRF)."""

from rowhouse.web.session import account, csrf, login, logout, oidc

__all__ = ["account", "csrf", "login", "logout", "oidc"]
