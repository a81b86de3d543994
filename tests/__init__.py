"""Tests speak of citizens; the far end is always a real server on loopback."""
