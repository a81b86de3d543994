"""The operators' pages: how each channel is, what waits for a person, and what to do about it."""

from gateway.desk.desk import Desk

__all__ = ["Desk"]
