"""What stands behind the # of a webhook's address tells Twilio how often to try there again. Pure.

https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides: rc, 0 to 5 times; rp, after what. All tries together take the time of one webhook.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urldefrag

_MOST = 5
# 4xx and 5xx: a status; ct: no connection; rt: no answer.
_ALL = frozenset({"4xx", "5xx", "ct", "rt"})


@dataclass(frozen=True, slots=True)
class Override:
    """An address, read."""

    # What is called and signed: without the fragment.
    url: str
    retries: int
    # After which failures.
    after: frozenset[str]


def read(address: str) -> Override:
    """The defaults are Twilio's: once more, if there was no connection.

    >>> read("https://lapor.example/in/sms/message#rc=5&rp=all").retries
    5
    >>> sorted(read("https://lapor.example/in/sms/message").after)
    ['ct']
    """
    url, fragment = urldefrag(address)
    said = dict(pair.partition("=")[::2] for pair in fragment.split("&"))
    count, policy = said.get("rc", ""), said.get("rp", "ct")
    after = _ALL if policy == "all" else frozenset(policy.split(",")) & _ALL
    return Override(url, min(int(count), _MOST) if count.isdigit() else 1, after)
