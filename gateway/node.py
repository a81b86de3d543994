"""The parts of one node, for whoever runs it or looks at it: serve, the demo, the tests, the measurements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from channels import Channel
from gateway.alerter import Alerter
from gateway.blobs import Blobs
from gateway.canaries import Canaries
from gateway.clock import Clock
from gateway.codes import Codes
from gateway.config import Config
from gateway.due import Darkroom, Fetcher
from gateway.history import History
from gateway.inlet import CoreInlet
from gateway.intake import Intake
from gateway.journal import Journal
from gateway.learner import Learner
from gateway.listening import Listener
from gateway.matchmaker import Matchmaker
from gateway.missed import Missed
from gateway.monitor import Monitor
from gateway.office import Office
from gateway.outbox import Outbox
from gateway.pausing import Pausing
from gateway.reminders import Reminders
from gateway.stages import Stages
from gateway.store.engine import Store
from gateway.sweeper import Sweeper


@dataclass(frozen=True, slots=True)
class Gateway:
    """The parts of one running node, for whoever runs it: serve, the demo, the tests."""

    config: Config
    channels: Mapping[str, Channel]
    inlets: Mapping[str, CoreInlet]
    journal: Journal
    store: Store
    intake: Intake
    outboxes: Mapping[str, Outbox]
    codes: Codes
    fetchers: Mapping[str, Fetcher]
    darkroom: Darkroom
    matchmaker: Matchmaker
    sweeper: Sweeper
    reminders: Reminders
    learner: Learner
    monitor: Monitor
    missed: Missed
    pausing: Pausing
    history: History
    alerter: Alerter
    listener: Listener
    canaries: Canaries
    stages: Stages
    blobs: Blobs
    office: Office
    clock: Clock
    # The public listener's port, and the operators'.
    port: int
    operators_port: int = 0
