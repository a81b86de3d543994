"""What is counted and measured, in the format of Prometheus. Nothing here knows a person: labels are names of channels and parts."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.health import DEGRADED, DOWN, OK, UNKNOWN
from gateway.node import Gateway
from gateway.server import MAX_CONNECTIONS

_STATES = (OK, DEGRADED, DOWN, UNKNOWN)


class Metrics:
    """Of one node; read by its monitoring."""

    def __init__(self, gateway: Gateway) -> None:
        self._registry = gateway.stages.registry
        self._registry.register(_Parts(gateway))

    def text(self) -> bytes:
        """All of it, now."""
        return generate_latest(self._registry)


class _Parts(Collector):
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def collect(self) -> Iterator[Metric]:
        yield from self._journal()
        yield from self._channels()
        yield from self._health()
        yield from self._limits()

    def _journal(self) -> Iterator[Metric]:
        gateway = self._gateway
        counts = gateway.journal.counts
        yield _counter("nwd_accepted", "Arrivals that are or were on this node's disk.", counts.accepted)
        yield _counter("nwd_handed_over", "Arrivals that the store has.", counts.removed)
        yield _gauge("nwd_journal_depth", "Arrivals that wait for the store. Accepted = handed over + depth, always.", counts.accepted - counts.removed)
        yield _gauge("nwd_journal_free_bytes", "Free on the journal's disk.", gateway.journal.free_bytes())
        yield _counter("nwd_filed", "Arrivals that were filed since the start.", gateway.intake.filed)
        yield _counter("nwd_parked_reports", "Reports that could not be read, since the start.", gateway.intake.parked)
        yield _counter("nwd_withheld_notices", "Notices over a cap, since the start.", gateway.intake.withheld)
        yield _gauge("nwd_intake_stuck", "1 while nothing moves from the journal to the store.", float(gateway.intake.trouble is not None))
        yield _counter("nwd_swept_files", "Files that nobody referred to.", gateway.sweeper.swept)

    def _channels(self) -> Iterator[Metric]:
        gateway = self._gateway
        inlets, counts = gateway.inlets, {name: outbox.counts for name, outbox in gateway.outboxes.items()}
        yield _counters("nwd_in", "Accepted since the start.", {name: inlet.accepted for name, inlet in inlets.items()})
        yield _counters("nwd_refused", "Asked to come again since the start.", {name: inlet.refused for name, inlet in inlets.items()})
        yield _counters("nwd_sent", "Taken by the provider since the start.", {name: count.sent for name, count in counts.items()})
        yield _counters("nwd_send_failures", "Not taken since the start.", {name: count.failed for name, count in counts.items()})
        yield _counters("nwd_parked_notices", "Given up since the start.", {name: count.parked for name, count in counts.items()})
        sending = GaugeMetricFamily("nwd_sending", "On their way now.", labels=["channel"])
        for name, outbox in gateway.outboxes.items():
            sending.add_metric([name], outbox.loop.busy)
        yield sending

    def _health(self) -> Iterator[Metric]:
        states = GaugeMetricFamily("nwd_state", "1 for the state that a channel or a part is in.", labels=["part", "direction", "state"])
        for (name, direction), condition in self._gateway.monitor.board.look(self._gateway.clock.now()).items():
            for state in _STATES:
                states.add_metric([name, direction or "all", state], float(condition.finding.state == state))
        yield states

    def _limits(self) -> Iterator[Metric]:
        config = self._gateway.config
        limits = GaugeMetricFamily("nwd_limit", "What is configured, so that a plot can show it beside what is used.", labels=["limit"])
        for name, value in {
            "journal_min_free_bytes": config.journal.min_free_bytes,
            "journal_max_bytes": config.journal.max_bytes or 0,
            "outbox_per_recipient_per_hour": config.outbox.per_recipient_per_hour,
            "outbox_per_channel_per_hour": config.outbox.per_channel_per_hour,
            "outbox_concurrent_sends": config.outbox.concurrent_sends,
            "intake_batch_rows": config.intake.batch_rows,
            "connections": MAX_CONNECTIONS,
        }.items():
            limits.add_metric([name], float(value))
        yield limits
        yield from self._gauges()

    def _gauges(self) -> Iterator[Metric]:
        labels = ["channel", "limit"]
        used = GaugeMetricFamily("nwd_limit_used", "How much of a channel's own limit is used now, by the one that uses most.", labels=labels)
        allowed = GaugeMetricFamily("nwd_limit_allowed", "What that limit allows.", labels=labels)
        rejected = CounterMetricFamily("nwd_limit_rejected", "How often somebody was sent away for it since the start.", labels=labels)
        for name, channel in self._gateway.channels.items():
            for gauge in channel.gauges():
                used.add_metric([name, gauge.limit], gauge.used)
                allowed.add_metric([name, gauge.limit], gauge.allowed)
                rejected.add_metric([name, gauge.limit], gauge.rejected)
        yield from (used, allowed, rejected)


def _counter(name: str, what: str, value: float) -> Metric:
    return CounterMetricFamily(name, what, value=value)


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=value)


def _counters(name: str, what: str, values: dict[str, int]) -> Metric:
    family = CounterMetricFamily(name, what, labels=["channel"])
    for channel, value in values.items():
        family.add_metric([channel], value)
    return family
