"""A pod, or another owner: its addresses now and over time."""

from rowhouse.web.pod.list import pods
from rowhouse.web.pod.page import pod

__all__ = ["pod", "pods"]
