"""The one table of what we can speak. `gateway/assembly.py` resolves a row only for a channel that is configured, so an unused kind costs no memory."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """Where a kind of channel lives, as "module:name"."""

    # Settings -> Channel: settings is a pydantic model, the block of configuration of this kind.
    channel: str
    settings: str
    # read(arrival), pure. Its module imports the contract, the normaliser and the standard library only: it is all that a worker process loads.
    reader: str
    # How operators' pages draw it: "sms" | "mail" | "web" | "chat".
    shape: str = "web"


# What a wire's bytes say, for an operator and without a configuration: bytes -> a JSON object, pure.
SHOWN = {"mail": "channels.mail.showing:show"}

KINDS = {
    "twilio-sms": Kind(
        channel="channels.sms.channel:TwilioSms",
        settings="channels.sms.settings:TwilioSmsSettings",
        reader="channels.sms.reading:read",
        shape="sms",
    ),
    "mail": Kind(
        channel="channels.mail.channel:Mail",
        settings="channels.mail.settings:MailSettings",
        reader="channels.mail.reading:read",
        shape="mail",
    ),
    "web-form": Kind(
        channel="channels.webform.channel:WebForm",
        settings="channels.webform.settings:WebFormSettings",
        reader="channels.webform.reading:read",
    ),
    "telegram": Kind(
        channel="channels.telegram.channel:Telegram",
        settings="channels.telegram.settings:TelegramSettings",
        reader="channels.telegram.reading:read",
        shape="chat",
    ),
}
