"""Everything is put together here, top to bottom, and nowhere else."""

from __future__ import annotations

import asyncio
import importlib
import os
import secrets
import socket
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from channels import About, Box, Channel, Inlet, Tries
from channels.kinds import KINDS
from gateway import directory, look, server, systemd, told, words
from gateway.alerter import Alerter
from gateway.blobs import Blobs
from gateway.canaries import Canaries, Knock
from gateway.claims import ClaimLoop
from gateway.clock import Clock, SystemClock
from gateway.codes import Codes
from gateway.config import ChannelConfig, Config, Mistakes
from gateway.deadlines import Calendar
from gateway.desk import Desk
from gateway.directory import Directory
from gateway.due import Darkroom, Fetcher
from gateway.filing import Filed
from gateway.history import History
from gateway.inlet import CoreInlet
from gateway.intake import MANY_FILES, Intake
from gateway.journal import Journal
from gateway.learner import Learner
from gateway.listening import Listener
from gateway.matchmaker import Matchmaker
from gateway.metrics import Metrics
from gateway.missed import Missed
from gateway.monitor import Monitor
from gateway.node import Gateway
from gateway.office import Caps, Office, Questions
from gateway.operators import Operators, token
from gateway.outbox import Outbox, Patience
from gateway.pausing import Pausing
from gateway.pictures import Pictures
from gateway.public import PublicPages
from gateway.reader import Reader
from gateway.reading import Spec
from gateway.reminders import Reminders
from gateway.stages import Stages
from gateway.store.engine import Store, StoreRefuses
from gateway.store.journals import WrongKey
from gateway.supervisor import supervise
from gateway.sweeper import Sweeper
from normalizer import Setting

# How long sends that are on their way may take when the gateway stops. Seconds.
STOP_SECONDS = 10


@asynccontextmanager
async def running(config: Config, clock: Clock | None = None) -> AsyncIterator[Gateway]:
    """A whole node: doors open, loops running, until the block ends. Then doors close first, and what was accepted is on disk.

    Raises JournalUnusable, Mistakes, NoDoor (the address is taken).
    """
    async with AsyncExitStack() as stack:
        gateway = _assembled(config, clock or SystemClock(), stack)
        desk = Desk(gateway, about(config, setting(config, None), gateway.clock), lambda: _reader(config, gateway.blobs))
        # Not a TaskGroup: what the caller's block raises must come out as it is.
        loops = [
            asyncio.create_task(supervise(name, work, gateway.clock, gateway.monitor.fallen), name=name)
            for name, work in [*_loops(gateway), ("desk", desk.watch.run)]
        ]
        stack.push_async_callback(_end, gateway, loops)
        app, pages = _public(gateway)
        here = config.listen.public
        runner, port = await server.listen(app, here.host, here.port, systemd.door(here.port))
        stack.push_async_callback(runner.cleanup)
        gateway.canaries.door = server.address(here.host, port)
        measured = Metrics(gateway, lambda: {"public": (server.connections(runner),), "tracking": pages.limits(), "desk": desk.limits()})
        private = server.private(config.trusted_proxies)
        Operators(gateway.monitor, measured, gateway.missed, gateway.clock, token(config)).add_to(private)
        desk.add_to(private)
        own, operators_port = await server.listen(private, config.listen.operators.host, config.listen.operators.port, most=server.MAX_OPERATORS)
        stack.push_async_callback(own.cleanup)
        yield replace(gateway, port=port, operators_port=operators_port)


async def _end(gateway: Gateway, loops: list[asyncio.Task[None]]) -> None:
    """The doors are closed by now. Let what is being sent be sent; everything else is a row and waits for the next start."""
    for loop in _claim_loops(gateway.outboxes, gateway.fetchers, gateway.darkroom):
        loop.stop()
    ending = [task for task in loops if task.get_name().startswith(("outbox", "fetcher", "pictures"))]
    if ending:
        await asyncio.wait(ending, timeout=STOP_SECONDS)
    for task in loops:
        task.cancel()
    await asyncio.gather(*loops, return_exceptions=True)


@asynccontextmanager
async def assembled(config: Config, clock: Clock | None = None, *, journal_path: Path | None = None) -> AsyncIterator[Gateway]:
    """The same parts with no door open and no loop running: for commands such as drain."""
    async with AsyncExitStack() as stack:
        yield _assembled(config, clock or SystemClock(), stack, journal_path)


@dataclass(frozen=True, slots=True)
class ReadingDesk:
    """What is needed to read again what is kept; the journal stays with the gateway that runs."""

    store: Store
    office: Office
    reader: Reader
    clock: Clock


@asynccontextmanager
async def reading(config: Config, clock: Clock | None = None) -> AsyncIterator[ReadingDesk]:
    """For commands that work on the store beside a running gateway."""
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        channels = {name: make_channel(config, name, clock) for name in config.channels}
        for channel in channels.values():
            stack.push_async_callback(channel.close)
        store = Store(config.store.address(config.data_dir))
        stack.push_async_callback(store.close)
        reader = _reader(config, _blobs(config))
        stack.push_async_callback(reader.kill)
        yield ReadingDesk(store, _office(config, deployment_key(config), channels), reader, clock)


def _assembled(config: Config, clock: Clock, stack: AsyncExitStack, journal_path: Path | None = None) -> Gateway:
    key = deployment_key(config)
    channels = {name: make_channel(config, name, clock) for name in config.channels}
    for channel in channels.values():
        stack.push_async_callback(channel.close)
    store = Store(config.store.address(config.data_dir))
    stack.push_async_callback(store.close)
    limits = config.journal
    journal = Journal(
        journal_path or config.data_dir / "journal.db", min_free_bytes=limits.min_free_bytes, reserve_bytes=limits.reserve_bytes, max_bytes=limits.max_bytes
    )
    stack.push_async_callback(journal.close)
    blobs = _blobs(config)
    office = _office(config, key, channels)
    days = config.steps.verification_working_days
    stages = Stages()
    inlets = {name: CoreInlet(journal, key, channel.fingerprint, blobs, office.calendar, days, stages) for name, channel in channels.items()}
    intake = _intake(config, clock, office, journal, store, blobs, stages)
    stack.push_async_callback(intake.close)
    worker = f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"
    patience = _patience(config)
    targets, ways = told.targets(config, channels)
    senders = {name: channel for name, channel in channels.items() if channel.reaches} | ways
    outboxes = {name: Outbox(sender, store, clock, worker, patience, stages, key) for name, sender in senders.items()}
    codes = Codes(store, office, clock)
    fetchers = {name: Fetcher(channel, store, blobs, clock, worker) for name, channel in channels.items()}
    darkroom = Darkroom(Pictures(blobs), store, clock, worker)
    alike = config.likeness
    matchmaker = Matchmaker(store, clock, worker, journal, threshold=alike.threshold, window=timedelta(days=alike.window_days))
    sweeper = Sweeper(blobs, journal, store, clock)
    reminders = Reminders(store, office, clock, config.public_urls, lambda name: outboxes[name].loop.ring() if name in outboxes else None)
    pace, budget = config.health.heartbeat_seconds, config.outbox.per_channel_per_hour
    pausing = Pausing(store, channels, clock, pace)
    monitor = Monitor(journal, store, intake, channels, inlets, outboxes, clock, pace, budget, stages.lately, pausing)
    missed = Missed(channels, inlets, key, journal, store, clock, monitor.ready)
    learner = Learner(store, office, clock, worker, config.zone)
    loops = (outboxes, codes, fetchers, darkroom, matchmaker, sweeper, reminders, learner)
    history = History(monitor.board, store, clock, lambda: journal.id, pace, timedelta(days=config.health.keep_states_days))
    alerter = Alerter(monitor.board, store, clock, lambda: journal.id, pace, told.letterhead(config), targets, senders, lambda way: outboxes[way].loop.ring())
    listener = Listener(monitor, store, clock, office.calendar, [name for name, block in config.channels.items() if block.silence], pace)
    canaries = Canaries(monitor, clock, key, _doors(config, channels, inlets), pace)
    watch = (monitor, missed, pausing, history, alerter, listener, canaries)
    gateway = Gateway(config, channels, inlets, journal, store, intake, *loops, *watch, stages, blobs, office, clock, port=0)
    _wire(gateway)
    return gateway


def _doors(config: Config, channels: Mapping[str, Channel], inlets: Mapping[str, CoreInlet]) -> dict[str, tuple[Box | Knock, float]]:
    """Where trial reports of our own are sent, and seconds between two."""
    doors = {name: channel.box(inlets[name]) or (channel.trial() if isinstance(channel, Tries) else None) for name, channel in channels.items()}
    return {name: (door, every) for name, door in doors.items() if door and (every := config.channels[name].canary_minutes * 60)}


def _wire(gateway: Gateway) -> None:
    """Who rings whose bell: only of those who have something to do, as each looks into the store when it is rung for."""
    outboxes, fetchers, darkroom = gateway.outboxes, gateway.fetchers, gateway.darkroom
    loops = _claim_loops(outboxes, fetchers, darkroom)

    def filed(what: Filed) -> None:
        # A delivery report may be what the next notice waited for.
        to_send = set(outboxes) if what.updates else {row["channel"] for row in what.rows.notices}
        to_fetch = {row["channel"] for row in what.rows.due if row["kind"] == "fetch"}
        for name, outbox in outboxes.items():
            if name in to_send:
                outbox.loop.ring()
        for name, fetcher in fetchers.items():
            if name in to_fetch:
                fetcher.loop.ring()
        if any(row["kind"] == "picture" for row in what.rows.due):
            darkroom.loop.ring()
        gateway.canaries.arrived(what.canaries)

    def refused(why: StoreRefuses | None) -> None:
        for inlet in gateway.inlets.values():
            # Only another's key makes the numbers wrong; for all else the journal can wait.
            inlet.closed = str(why) if isinstance(why, WrongKey) else None
        for loop in loops:
            loop.pause(paused=why is not None)
        gateway.reminders.pause(paused=why is not None)
        gateway.matchmaker.paused = gateway.learner.paused = why is not None
        gateway.history.paused = gateway.alerter.paused = gateway.listener.paused = why is not None
        gateway.codes.pause(paused=why is not None)

    gateway.journal.on_append = gateway.intake.ring
    gateway.intake.on_filed = filed
    gateway.intake.on_refused = refused
    gateway.canaries.waits = lambda: gateway.intake.trouble
    gateway.codes.on_sent = lambda channel: outboxes[channel].loop.ring()


def _claim_loops(outboxes: Mapping[str, Outbox], fetchers: Mapping[str, Fetcher], darkroom: Darkroom) -> list[ClaimLoop[Any]]:
    return [*(outbox.loop for outbox in outboxes.values()), *(fetcher.loop for fetcher in fetchers.values()), darkroom.loop]


def _loops(gateway: Gateway) -> list[tuple[str, Any]]:
    """All that runs until the end."""
    channels = [(f"channel {name}", lambda c=channel, n=name: c.run(gateway.inlets[n])) for name, channel in gateway.channels.items()]
    outboxes = [(f"outbox {name}", outbox.loop.run) for name, outbox in gateway.outboxes.items()]
    fetchers = [(f"fetcher {name}", fetcher.loop.run) for name, fetcher in gateway.fetchers.items()]
    return [
        ("intake", gateway.intake.run),
        *channels,
        *outboxes,
        *fetchers,
        ("codes", gateway.codes.run),
        ("pictures", gateway.darkroom.loop.run),
        *([("matchmaker", gateway.matchmaker.run)] if gateway.config.likeness.enabled else []),
        ("sweeper", gateway.sweeper.run),
        ("reminders", gateway.reminders.run),
        *([("learner", gateway.learner.run)] if gateway.config.routing.learn and gateway.office.directory else []),
        ("pausing", gateway.pausing.run),
        *gateway.monitor.loops(),
        *gateway.missed.loops(),
        ("history", gateway.history.run),
        ("alerts", gateway.alerter.run),
        ("silence", gateway.listener.run),
        *gateway.canaries.loops(),
    ]


def _public(gateway: Gateway) -> tuple[Any, PublicPages]:
    """What the public listener serves (an aiohttp application; only server.py speaks HTTP), and the pages in it that are nobody's channel."""
    ways: list[tuple[Channel, Inlet]] = [(channel, gateway.inlets[name]) for name, channel in gateway.channels.items()]
    app = server.public(ways, gateway.config.trusted_proxies)
    said = about(gateway.config, setting(gateway.config, None), gateway.clock)
    pages = PublicPages(said, gateway.store, gateway.blobs, gateway.office, gateway.codes, _box(gateway))
    pages.add_to(app)
    look.add_to(app)
    return app, pages


def _box(gateway: Gateway) -> Box | None:
    """Where citizens write on the web."""
    return next((box for name, channel in gateway.channels.items() if (box := channel.box(gateway.inlets[name]))), None)


def make_channel(config: Config, name: str, clock: Clock) -> Channel:
    """One configured channel; its kind is imported only now."""
    block = config.channels[name]
    make = resolve(KINDS[block.kind].channel)
    channel: Channel = make(name, block.settings, about(config, setting(config, block), clock))
    return channel


def about(config: Config, where: Setting, clock: Clock) -> About:
    """What a channel and the pages are told of this deployment."""
    doors = {name: said for name in ("sms", "keyword", "email", "telegram") if (said := getattr(config.site, name))}
    texts = words.load(config.languages)
    days = config.steps.verification_working_days
    return About(config.name, where, config.public_urls, clock.now, texts, config.site.place, config.site.emergency, days, doors)


def setting(config: Config, channel: ChannelConfig | None) -> Setting:
    """What the normaliser must know of this deployment."""
    keywords = tuple(sorted((word.upper(), code) for word, code in config.keywords.items()))
    region = (channel.region if channel else None) or config.region
    return Setting(config.country, config.zone, tuple(config.languages), region, keywords, tuple(sorted(config.aliases.items())))


def deployment_key(config: Config) -> bytes:
    """The secret of the configuration; only a first start with an empty SQLite store makes one itself (law 4). Raises Mistakes."""
    if config.deployment_key is not None:
        return config.deployment_key.get_secret_value().encode()
    file = config.data_dir / "deployment.key"
    if file.exists():
        return file.read_bytes().strip()
    if _numbers_were_given(config.store.file(config.data_dir)):
        raise Mistakes([f"deployment_key: the store is there, but its key {file} is not. Bring it back from the backup; a new key would forget every number."])
    config.data_dir.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as new:
        new.write(secrets.token_hex(32).encode())
        new.flush()
        os.fsync(new.fileno())
    return file.read_bytes().strip()


def _numbers_were_given(store: Path) -> bool:
    """Whether this SQLite store has agreed on a key; one that a command merely opened has not."""
    try:
        with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as db:
            return db.execute("SELECT 1 FROM deployment WHERE name = 'key'").fetchone() is not None
    except sqlite3.OperationalError as error:
        return not str(error).startswith(("no such table", "unable to open"))


def _office(config: Config, key: bytes, channels: Mapping[str, Channel]) -> Office:
    return Office(
        key=key,
        coordinator=config.coordinator,
        words=words.load(config.languages),
        language=config.languages[0],
        verification_working_days=config.steps.verification_working_days,
        settings={name: setting(config, channel) for name, channel in config.channels.items()},
        reaches={name: channel.reaches for name, channel in channels.items()},
        caps=_caps(config),
        carriers={kind: name for name, channel in reversed(list(channels.items())) for kind in channel.reaches},
        contact_countries=frozenset(config.contacts.countries),
        emergency=config.site.emergency,
        calendar=_calendar(config),
        questions=_questions(config),
        reopen_within_working_days=config.steps.reopen_within_working_days,
        directory=directory_of(config),
        apply_above=config.routing.apply_above,
    )


def _calendar(config: Config) -> Calendar:
    steps = config.steps
    return Calendar(config.country, config.zone, steps.office_closes, steps.days_off, steps.office_opens)


def _questions(config: Config) -> Questions:
    block = config.questions
    return Questions(block.remind_after_working_days, block.give_up_after_working_days) if block.ask else Questions((), 0)


def directory_of(config: Config) -> Directory | None:
    """The agencies that a case can be brought to. Raises Mistakes: the file was changed since the configuration was looked at."""
    path = config.routing.directory
    try:
        return directory.read(path) if path else None
    except (directory.DirectoryMistakes, OSError) as error:
        raise Mistakes([f"routing.directory: {error}"]) from error


def owners_of(config: Config) -> list[dict[str, object]]:
    """All who can own a case, as the store lists them; what the configuration says of one comes before the table."""
    listed = directory_of(config)
    known = {agency.code: agency.model_dump() for agency in config.directory}
    more = {agency.code: {"code": agency.code, "name": agency.name, "coordinator": False} for agency in (listed.agencies if listed else ())}
    return list({**more, **known}.values())


def _caps(config: Config) -> Caps:
    limits = config.outbox
    return Caps(
        *(
            limits.per_recipient_per_hour,
            limits.per_channel_per_hour,
            limits.per_dialogue_per_hour,
            limits.mails_per_address_per_week,
            limits.mails_per_domain_per_week,
        ),
        public_domains=frozenset(limits.public_mail_domains),
        per_contact_per_day=config.contacts.per_contact_per_day,
    )


def _blobs(config: Config) -> Blobs:
    # Pictures never take the room of reports.
    return Blobs(config.data_dir / "blobs", min_free_bytes=2 * config.journal.min_free_bytes)


def _reader(config: Config, blobs: Blobs, max_files: int | None = None) -> Reader:
    specs = {name: Spec(KINDS[channel.kind].reader, setting(config, channel)) for name, channel in config.channels.items()}
    return Reader(specs, blobs, seconds=config.intake.read_seconds, seconds_per_mib=config.intake.read_seconds_per_mib, max_files=max_files)


def _intake(config: Config, clock: Clock, office: Office, journal: Journal, store: Store, blobs: Blobs, stages: Stages) -> Intake:
    return Intake(
        *(journal, store, office, (_reader(config, blobs, MANY_FILES), _reader(config, blobs)), clock),
        agencies=owners_of(config),
        batch_rows=config.intake.batch_rows,
        retry_seconds=config.intake.retry_seconds,
        stages=stages,
    )


def _patience(config: Config) -> Patience:
    limits = config.outbox
    return Patience(tuple(limits.retry_minutes), limits.send_seconds, limits.lease_seconds, limits.concurrent_sends)


def resolve(path: str) -> Any:  # noqa: ANN401  # whatever "module:name" is
    """What a table names."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)
