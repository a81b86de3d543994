"""What is read off each channel, for a monitoring system (Prometheus) and for pages (JSON): how much, how fast, what waits, what became of it, what ends.

Nothing here knows a person, and nothing here asks the store: all of it was found by the last heartbeat, or is counted in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from gateway.lately import LOST, quantiles
from gateway.node import Gateway
from gateway.outbox import Outbox

_DAY = timedelta(days=1)


def of_channels(gateway: Gateway) -> dict[str, dict[str, object]]:
    """By channel and by name. None: not known (yet), or it has no way out. Seconds, messages, days; shares from 0 to 1."""
    return {name: {**_in(gateway, name), **_out(gateway, name)} for name in gateway.channels}


def _in(gateway: Gateway, name: str) -> dict[str, object]:
    monitor, inlet, lately, now = gateway.monitor, gateway.inlets[name], gateway.stages.lately[name], gateway.clock.now()
    return {
        "arrivals_per_minute": lately.arrivals_per_minute,
        "accepted": inlet.accepted,
        "refused": inlet.refused,
        "limited": sum(limit.rejected for limit in gateway.channels[name].limits()),
        "stored_seconds": quantiles(lately.stored),
        "unread": gateway.intake.tally.legible[name].unread,
        "parked": monitor.parked_of.get(name),
        "waiting_at_provider": monitor.lying.get(name),
        "days_left": {what: _days(until, now) for what, until in monitor.ends(name).items()},
        "logins_refused": monitor.logins_refused[name],
    }


def _out(gateway: Gateway, name: str) -> dict[str, object]:
    outbox, lately, now = gateway.outboxes.get(name), gateway.stages.lately[name], gateway.clock.now()
    if outbox is None:
        return {}
    waiting = gateway.monitor.waiting.get(name)
    return {
        "sent": outbox.counts.sent,
        "acknowledged_seconds": quantiles(lately.acknowledged),
        "outbox": waiting.count if waiting else None,
        "outbox_age_seconds": max(0.0, (now - waiting.oldest).total_seconds()) if waiting and waiting.oldest else None,
        "delivered_share": lately.delivered_share,
        "undeliverable": _undeliverable(gateway, name, outbox),
        "breaker_open": _paused(outbox, now),
    }


def metrics(gateway: Gateway) -> Iterator[Metric]:
    """The same for a monitoring system, where it is not measured elsewhere."""
    monitor, now = gateway.monitor, gateway.clock.now()
    yield _counter("nwd_unread", "Deliveries in which nothing could be read.", {name: gateway.intake.tally.legible[name].unread for name in gateway.channels})
    yield _gauge("nwd_parked_by_channel", "Of the parked ones in the store, those of this channel.", monitor.parked_of)
    yield _counter("nwd_logins_refused", "Looks at which our name and password were not accepted.", monitor.logins_refused)
    yield _gauge("nwd_provider_waiting", "Messages that lie at the other side.", {name: count for name, count in monitor.lying.items() if count is not None})
    lost = {name: _undeliverable(gateway, name, outbox) for name, outbox in gateway.outboxes.items()}
    yield _counter("nwd_undeliverable", "Answers that cannot reach their person.", lost)
    yield _gauge("nwd_breaker_open", "1 while sending pauses.", {name: _paused(outbox, now) for name, outbox in gateway.outboxes.items()})
    ends = GaugeMetricFamily("nwd_credential_days", "Days until it ends.", labels=["channel", "credential"])
    for name in gateway.channels:
        for what, until in monitor.ends(name).items():
            ends.add_metric([name, what], _days(until, now))
    reports = CounterMetricFamily("nwd_delivery_reports", "What became of answers, as the provider says.", labels=["channel", "status"])
    for name in gateway.outboxes:
        for status, count in gateway.stages.lately[name].reports.items():
            reports.add_metric([name, status], count)
    yield from (ends, reports)


def _days(until: datetime, now: datetime) -> float:
    return round((until - now) / _DAY, 1)


def _undeliverable(gateway: Gateway, name: str, outbox: Outbox) -> int:
    """At once, or as a delivery report or a bounce told later."""
    reports = gateway.stages.lately[name].reports
    return outbox.counts.undeliverable + sum(reports[status] for status in LOST)


def _paused(outbox: Outbox, now: datetime) -> bool:
    return outbox.breaker.limit(1, now) == 0


def _gauge(name: str, what: str, values: dict[str, int] | dict[str, bool]) -> Metric:
    family = GaugeMetricFamily(name, what, labels=["channel"])
    for channel, value in values.items():
        family.add_metric([channel], float(value))
    return family


def _counter(name: str, what: str, values: dict[str, int]) -> Metric:
    family = CounterMetricFamily(name, what, labels=["channel"])
    for channel, value in values.items():
        family.add_metric([channel], value)
    return family
