"""Who is told when something is wrong, from the configuration: each target, and the ways that are no channel."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from channels import Channel
from gateway.alerts import Target
from gateway.config import Config, Mistakes
from gateway.config_health import Recipient
from gateway.telling import Letterhead
from gateway.webhook import KIND, Webhook
from gateway.words import load
from normalizer import Address
from normalizer.address import canonical


def letterhead(config: Config) -> Letterhead:
    """What all alerts of this deployment have in common."""
    language = config.alerts.language or config.languages[0]
    return Letterhead(config.name, config.alerts.page, ZoneInfo(config.zone), load((language,))[language])


def targets(config: Config, channels: Mapping[str, Channel]) -> tuple[list[Target], dict[str, Webhook]]:
    """Who is told, and the webhooks by the name of their outbox. Raises Mistakes with all that is wrong."""
    found: list[Target] = []
    hooks: dict[str, Webhook] = {}
    mistakes = []
    for index, one in enumerate(config.alerts.to):
        if one.webhook is not None:
            # No channel can have a blank in its name.
            name = f"{KIND} {index + 1}"
            hooks[name] = Webhook(name, one.webhook.get_secret_value())
            found.append(Target(name, Address(KIND, name)))
        elif address := _address(one, channels[one.channel or ""].reaches, config.country):
            found.append(Target(one.channel or "", address))
        else:
            mistakes.append(f"alerts.to[{index}].address: {one.channel} cannot write to {one.address}.")
    if mistakes:
        raise Mistakes(mistakes)
    return found, hooks


def _address(one: Recipient, reaches: frozenset[str], country: str) -> Address | None:
    """As that channel can answer it; a number is one for SMS, if the channel sends any."""
    kinds = sorted(reaches, key=lambda kind: (kind != "sms", kind))
    return canonical(Address(kinds[0], one.address), country) if kinds else None
