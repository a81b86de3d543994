"""Where a report's way is measured. Histograms of Prometheus; a node has one of each, and nothing in them knows a person."""

from __future__ import annotations

from collections import defaultdict

from prometheus_client import CollectorRegistry, Histogram

from gateway.lately import Lately

# Seconds; a report is accepted in milliseconds and answered within seconds, and may wait for hours while the store is away.
_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_SLOW = (0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60, 300, 3600, 14400)


class Stages:
    """Observed with a channel's name as label."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ["channel"]
        self.accepted = Histogram("nwd_accept_seconds", "From the door to the disk.", labels, buckets=_FAST, registry=self.registry)
        self.filed = Histogram("nwd_intake_lag_seconds", "From received to filed.", labels, buckets=_SLOW, registry=self.registry)
        self.sent = Histogram("nwd_send_seconds", "What the provider took for one notice.", labels, buckets=_FAST, registry=self.registry)
        self.acknowledged = Histogram(
            "nwd_acknowledge_seconds", "From filed to the provider's taking the acknowledgement.", labels, buckets=_SLOW, registry=self.registry
        )
        # By channel.
        self.lately: defaultdict[str, Lately] = defaultdict(Lately)

    def was_filed(self, channel: str, seconds: float) -> None:
        """So long after it came."""
        self.filed.labels(channel).observe(seconds)
        self.lately[channel].stored.append(seconds)

    def was_acknowledged(self, channel: str, seconds: float) -> None:
        """The provider took the acknowledgement so long after the report was filed."""
        self.acknowledged.labels(channel).observe(seconds)
        self.lately[channel].acknowledged.append(seconds)
