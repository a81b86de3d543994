"""What everybody may look at: the start page, a report's progress by its number, and its own page by the private link."""

from gateway.public.pages import PublicPages

__all__ = ["PublicPages"]
