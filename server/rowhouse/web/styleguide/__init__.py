"""The style guide: every token and every component. Only servers in debug mode show it."""

from rowhouse.web.styleguide.page import styleguide

__all__ = ["styleguide"]
