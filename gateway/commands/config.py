"""Show what is configured, defaults included, secrets hidden."""

from __future__ import annotations

from gateway.commands.console import ConfigPath, configured, say_json


def config(config: ConfigPath = None) -> None:
    """Print the configuration as it is understood, without secrets. Example: ./run config"""
    say_json(configured(config).shown())
