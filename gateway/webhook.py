"""A way for alerts that is no channel: a POST with a sentence, as chat rooms and on-call services take it.

The body is {"text": ...}, which Slack, Mattermost, Rocket.Chat and Google Chat show as it is, and beside it "subject" and "id" for whoever looks closer.
"""

from __future__ import annotations

from datetime import timedelta

import aiohttp

from channels import Notice, SendFailed

KIND = "webhook"
_SECONDS = 10.0
_TOO_MANY = 429


class Webhook:
    """One address that is called. It is secret: whoever knows it can write there."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self._url = url

    async def send(self, notice: Notice) -> str:
        """Call it. Raises SendFailed."""
        body = {"text": notice.full, "subject": notice.subject, "id": notice.id}
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS)) as session,
                session.post(self._url, json=body, allow_redirects=False) as answer,
            ):
                status, after = answer.status, answer.headers.get("Retry-After", "")
        except TimeoutError as error:
            raise SendFailed("The alerts' webhook did not answer in time.", maybe_sent=True, channel_wide=True, kind="timeout") from error
        except (aiohttp.ClientError, OSError) as error:
            # Its text holds the address.
            reason = f"The alerts' webhook could not be reached ({type(error).__name__})."
            raise SendFailed(reason, channel_wide=True, kind="unreachable") from error
        if not 200 <= status < 300:  # noqa: PLR2004  # RFC 9110, section 15.3
            wait = timedelta(seconds=int(after)) if status == _TOO_MANY and after.isascii() and after.isdigit() else None
            raise SendFailed(f"The alerts' webhook does not take what we send ({status}).", channel_wide=True, retry_after=wait, kind="provider")
        return ""
