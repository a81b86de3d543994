"""What is counted and measured, in the format of Prometheus. Nothing here knows a person: labels are names of channels and parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client import generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from channels import Limit
from gateway import readings
from gateway.admission import CAPS, TYPED_SHARE
from gateway.health import STATES
from gateway.intake import TRIES
from gateway.node import Gateway

# By part.
Limits = Callable[[], Mapping[str, Iterable[Limit]]]


class Metrics:
    """Of one node; read by its monitoring."""

    def __init__(self, gateway: Gateway, limits: Limits) -> None:
        """`limits`: of the parts that are no channel."""
        self._gateway = gateway
        self._registry = gateway.stages.registry
        self._registry.register(_Parts(gateway, limits))

    def text(self) -> bytes:
        """All of it, now."""
        return generate_latest(self._registry)

    def readings(self) -> dict[str, dict[str, object]]:
        """Of each channel, for people and pages."""
        return readings.of_channels(self._gateway)


class _Parts(Collector):
    def __init__(self, gateway: Gateway, limits: Limits) -> None:
        self._gateway = gateway
        self._more = limits

    def collect(self) -> Iterator[Metric]:
        yield from self._journal()
        yield from self._channels()
        yield from readings.metrics(self._gateway)
        yield from self._health()
        yield from self._limits()

    def _journal(self) -> Iterator[Metric]:
        gateway = self._gateway
        counts = gateway.journal.counts
        yield _counter("nwd_accepted", "Arrivals that are or were on this node's disk.", counts.accepted)
        yield _counter("nwd_handed_over", "Arrivals that the store has.", counts.removed)
        yield _gauge("nwd_journal_depth", "Arrivals that wait for the store. Accepted = handed over + depth, always.", counts.accepted - counts.removed)
        now, monitor = gateway.clock.now(), gateway.monitor
        yield _gauge("nwd_journal_age_seconds", "How long the first of them has waited, as of the last heartbeat.", _age(monitor.oldest_in_journal, now))
        if monitor.parked is not None:
            yield _gauge("nwd_parked", "Reports in the store that could not be read and wait for a mend.", monitor.parked)
        yield _gauge("nwd_journal_free_bytes", "Free on the journal's disk.", gateway.journal.free_bytes())
        yield _counter("nwd_filed", "Arrivals that were filed since the start.", gateway.intake.tally.filed)
        yield _counter("nwd_parked_reports", "Reports that could not be read, since the start.", gateway.intake.tally.parked)
        yield _gauge("nwd_intake_stuck", "1 while nothing moves from the journal to the store.", float(gateway.intake.trouble is not None))
        yield _gauge("nwd_uncompared", "Cases that wait to be compared with others, as of the last look.", gateway.matchmaker.waiting)
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
        late = GaugeMetricFamily("nwd_outbox_age_seconds", "How long the first notice that is due has waited.", labels=["channel"])
        due = GaugeMetricFamily("nwd_outbox_depth", "Notices that are due and not taken by the provider.", labels=["channel"])
        for name, waiting in gateway.monitor.waiting.items():
            if waiting is not None:
                late.add_metric([name], _age(waiting.oldest, gateway.clock.now()))
                due.add_metric([name], waiting.count)
        yield from (late, due)

    def _health(self) -> Iterator[Metric]:
        states = GaugeMetricFamily("nwd_state", "1 for the state that a channel or a part is in.", labels=["part", "direction", "state"])
        for (name, direction), condition in self._gateway.monitor.board.look(self._gateway.clock.counted()).items():
            for state in STATES:
                states.add_metric([name, direction or "all", state], float(condition.finding.state == state))
        yield states
        yield _counter("nwd_alerts", "Troubles, and ends of troubles, that this node told operators of since the start.", self._gateway.alerter.told)
        canary = GaugeMetricFamily("nwd_canary_seconds", "How long the last trial report took from the form to the store.", labels=["channel"])
        for name, trials in self._gateway.canaries.trials.items():
            if trials.seconds is not None:
                canary.add_metric([name], trials.seconds)
        yield canary

    def _limits(self) -> Iterator[Metric]:
        allowed = GaugeMetricFamily("nwd_limit", "What is allowed.", labels=["part", "limit"])
        used = GaugeMetricFamily("nwd_limit_used", "How much of it is taken now.", labels=["part", "limit"])
        rejected = CounterMetricFamily("nwd_limit_rejected", "How often it turned something away since the start.", labels=["part", "limit"])
        for part, limits in {**self._own(), **self._more()}.items():
            for limit in limits:
                allowed.add_metric([part, limit.name], limit.allowed)
                rejected.add_metric([part, limit.name], limit.rejected)
                if limit.used is not None:
                    used.add_metric([part, limit.name], limit.used)
        yield from (allowed, used, rejected)

    def _own(self) -> dict[str, Iterable[Limit]]:
        """Of the channels, and of what every report passes."""
        gateway = self._gateway
        journal, intake, outbox, withheld = gateway.config.journal, gateway.config.intake, gateway.config.outbox, gateway.intake.tally.withheld
        caps = {
            "per_recipient_per_hour": outbox.per_recipient_per_hour,
            "per_channel_per_hour": outbox.per_channel_per_hour,
            "typed_share": outbox.per_channel_per_hour * TYPED_SHARE,
            "per_dialogue_per_hour": gateway.config.outbox.per_dialogue_per_hour,
            "per_contact_per_day": gateway.config.contacts.per_contact_per_day,
            "mails_per_address_per_week": outbox.mails_per_address_per_week,
            "mails_per_domain_per_week": outbox.mails_per_domain_per_week,
        }
        limits = [Limit("min_free_bytes", journal.min_free_bytes, gateway.journal.free_bytes(), gateway.journal.refused)]
        if journal.max_bytes is not None:
            limits.append(Limit("max_bytes", journal.max_bytes, gateway.journal.used_bytes, gateway.journal.refused_at_limit))
        return {
            "journal": limits,
            "intake": [Limit("tries", TRIES, None, gateway.intake.tally.parked), Limit("read_seconds", intake.read_seconds, None, gateway.intake.too_late)],
            "notices": [Limit(name, allowed, None, withheld[CAPS[name]]) for name, allowed in caps.items()],
            **{name: [*channel.limits(), *self._of_sending(name)] for name, channel in gateway.channels.items()},
        }

    def _of_sending(self, name: str) -> list[Limit]:
        """Of a channel's way out, if it has one."""
        outbox, settings = self._gateway.outboxes.get(name), self._gateway.config.outbox
        if outbox is None:
            return []
        return [
            Limit("send_seconds", settings.send_seconds, None, outbox.counts.too_late),
            Limit("concurrent_sends", settings.concurrent_sends, outbox.loop.busy),
        ]


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0


def _counter(name: str, what: str, value: float) -> Metric:
    return CounterMetricFamily(name, what, value=value)


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=value)


def _counters(name: str, what: str, values: dict[str, int]) -> Metric:
    family = CounterMetricFamily(name, what, labels=["channel"])
    for channel, value in values.items():
        family.add_metric([channel], value)
    return family
