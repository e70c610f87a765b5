"""Requests of teams for addresses: the list, and the page of each. Their forms are in `actions/`."""

from rowhouse.web.requests.list import requests
from rowhouse.web.requests.page import request

__all__ = ["request", "requests"]
