"""The wires. This package offers the contract only; a kind of channel is found through `channels.kinds` and never imported by name."""

from channels.contract import (
    MESSAGE,
    STATUS,
    Arrival,
    Channel,
    Checked,
    DeliveryUpdate,
    Door,
    Fetched,
    FetchFailed,
    Ignored,
    Inlet,
    Notice,
    Receipt,
    Refused,
    SendFailed,
)

__all__ = [
    "MESSAGE",
    "STATUS",
    "Arrival",
    "Channel",
    "Checked",
    "DeliveryUpdate",
    "Door",
    "FetchFailed",
    "Fetched",
    "Ignored",
    "Inlet",
    "Notice",
    "Receipt",
    "Refused",
    "SendFailed",
]
