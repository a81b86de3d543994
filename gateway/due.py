"""What has a time: files that a wire only referred to (one loop a channel, like the outbox), and photos to be made fit to be shown (one loop a node)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import structlog

from channels import Channel, FetchFailed
from gateway.blobs import Blobs
from gateway.cancelled import only_ours
from gateway.claims import ClaimLoop, Outcome
from gateway.clock import Clock
from gateway.pictures import NotAPicture, Pictures
from gateway.reading import where
from gateway.store import dues
from gateway.store.dues import Fetch, Photo
from gateway.store.engine import Store, Transaction

_log = structlog.get_logger(__name__)

# Pauses after the first, second, ... failure, in minutes; after the last the file counts as lost, with the reason.
_RETRY_MINUTES = (1, 5, 15, 60, 240, 720)
# One file may take so long, and a worker that died is believed dead after this. Seconds.
_FETCH_SECONDS = 120
_LEASE_SECONDS = 300
_AT_ONCE = 2


class Fetcher:
    """Gets one channel's files, never delaying a report: the case is there before its pictures are."""

    def __init__(self, channel: Channel, store: Store, blobs: Blobs, clock: Clock, worker: str) -> None:
        self._channel = channel
        self._blobs = blobs
        self._clock = clock
        self._worker = worker
        self.loop = ClaimLoop[Fetch](f"fetch {channel.name}", store, clock, claim=self._claim, work=self._fetch, at_once=_AT_ONCE)

    async def _claim(self, tx: Transaction, free: int) -> Sequence[Fetch]:
        now = self._clock.now()
        return await dues.claim_fetches(tx, self._channel.name, self._worker, now, now + timedelta(seconds=_LEASE_SECONDS), free)

    async def _fetch(self, fetch: Fetch) -> Outcome:
        try:
            with only_ours():
                async with self._clock.timeout(_FETCH_SECONDS):
                    fetched = await self._channel.fetch(fetch.reference)
                    digest, size = await self._blobs.keep(fetched.chunks)
        except FetchFailed as failure:
            return self._failed(fetch, failure)
        except TimeoutError:
            return self._failed(fetch, FetchFailed("took too long"))
        except OSError as error:
            return self._failed(fetch, FetchFailed(f"could not be written ({type(error).__name__})"))
        except Exception as error:  # noqa: BLE001  # a fault of ours in fetch(): tried again, and not for ever
            _log.error("fetch failed", channel=self._channel.name, error=where(error))
            return self._failed(fetch, FetchFailed(f"our own fault ({where(error)})"))
        return partial(dues.kept, fetch=fetch, digest=digest, size=size, type_=fetched.type, channel=self._channel.name, now=self._clock.now())

    def _failed(self, fetch: Fetch, failure: FetchFailed) -> Outcome:
        if failure.permanent or fetch.attempts >= len(_RETRY_MINUTES):
            _log.warning("file lost", channel=self._channel.name, reason=failure.reason)
            return partial(dues.lost, fetch=fetch, reason=failure.reason)
        due_at = self._clock.now() + timedelta(minutes=_RETRY_MINUTES[fetch.attempts])
        return partial(dues.again, fetch=fetch, due_at=due_at, reason=failure.reason)


class Darkroom:
    """Re-encodes photos: without the place where they were taken, and without whatever else their bytes may hold."""

    def __init__(self, pictures: Pictures, store: Store, clock: Clock, worker: str) -> None:
        self._pictures = pictures
        self._clock = clock
        self._worker = worker
        self.loop = ClaimLoop[Photo]("pictures", store, clock, claim=self._claim, work=self._develop, at_once=1)

    async def _claim(self, tx: Transaction, free: int) -> Sequence[Photo]:
        now = self._clock.now()
        return await dues.claim_photos(tx, self._worker, now, now + timedelta(seconds=_LEASE_SECONDS), free, self._pictures.has)

    async def _develop(self, photo: Photo) -> Outcome:
        try:
            picture = await self._pictures.clean(photo.digest)
        except NotAPicture as unfit:
            return partial(dues.unfit, photo=photo, reason=str(unfit))
        except Exception as error:  # noqa: BLE001  # our disk, or a fault of ours: tried again, and not for ever
            _log.error("picture failed", error=where(error))
            if photo.attempts >= len(_RETRY_MINUTES):
                return partial(dues.unfit, photo=photo, reason=f"our own fault ({where(error)})")
            due_at = self._clock.now() + timedelta(minutes=_RETRY_MINUTES[photo.attempts])
            return partial(dues.again, fetch=photo, due_at=due_at, reason=where(error))
        return partial(dues.made, photo=photo, digest=picture.digest, size=picture.size, type_=picture.type, position=picture.position)
