"""Which acknowledgements and answers may go out: within the caps. What is over one is kept as withheld, with the reason, counted, and never sent later."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from channels import MESSAGE, DeliveryUpdate, Ignored
from gateway import notices, threads
from gateway.allowance import Allowance
from gateway.context import Read
from gateway.conversation import MACHINES, Understood
from gateway.ids import new_id
from gateway.journal_file import Entry
from gateway.notices import Texts
from gateway.office import Office
from gateway.store import filing as store
from gateway.store.engine import Transaction
from gateway.store.people import Person
from gateway.store.writing import Row
from normalizer import Address, Setting
from normalizer.address import country_of, mailbox, typed

# Why a notice is withheld, by the cap that it is over.
CAPS = {
    "per_channel_per_hour": "the channel's budget for this hour is spent",
    "stopped": "this person wants to hear from us only when they write",
    "per_recipient_per_hour": "this address has had its notices for this hour",
    "per_dialogue_per_hour": "this person has had their answers for this hour",
    "mails_per_address_per_week": "this address has had its mails for this week",
    "mails_per_domain_per_week": "this domain has had its mails for this week",
    "new_domains": "enough domains that never wrote before were written to in this hour",
    "typed_share": "the rest of this hour's budget is for those who wrote by this channel",
    "per_contact_per_day": "this contact was typed often enough today",
    "undeliverable": "what was sent to this contact came back",
}
# Of a channel's hourly budget, what typed contacts may use: they may be strangers, and those who wrote by the channel itself come first.
TYPED_SHARE = 0.2
# And what mails to domains may use that are no public provider's and were not written to in the week before: a machine may come from a new one each time,
# a forger may name anybody's, and those whom we know must have their answers all the same.
NEW_DOMAINS_SHARE = 0.2
# Remarks of a door on reports that nobody is written to for.
_ODD = frozenset({"honeypot", "flood"})
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
# Stands for all new domains among the budgets; no domain has this name.
_NEW = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Words that the citizen should have, if the caps allow it."""

    kind: str
    # None: they are about no case of theirs.
    case: UUID | None
    channel: str
    to: Address
    # Of the case; empty: none.
    number: str
    # The words, by how many acknowledgements were withheld so far.
    say: Callable[[int], Texts]
    # To a contact that somebody typed, who may be anybody.
    typed: bool = False
    # What it answers, nearest first.
    thread: tuple[str, ...] = ()
    # It answers what this person wrote just now; who stopped us hears nothing else.
    asked_for: bool = True


def sender_of(entry: Entry, read: Read, office: Office) -> Address | None:
    """Who wrote: whom the wire vouches for, else (mail) whom the report names; nobody if this channel cannot reach them, or if somebody else wrote that."""
    if not isinstance(read, Understood):
        named = None if isinstance(read, DeliveryUpdate | Ignored) or entry.arrival.kind != MESSAGE else entry.arrival.reply_to
    elif read.report.automatic == "forged" or read.report.automatic in MACHINES:
        named = None
    else:
        named = entry.arrival.reply_to or read.complaint.sender
    return named if named and named.kind in office.reaches.get(entry.arrival.channel, frozenset()) else None


def typed_contact(entry: Entry, read: object, office: Office) -> Address | None:
    """The contact that a form gave, if we may write to it; whose it is, nobody knows (law 10)."""
    if not isinstance(read, Understood) or not read.complaint.contact or _ODD & set(read.complaint.remarks):
        # Whoever floods us shall not make us write to strangers.
        return None
    to = typed(read.complaint.contact, office.settings.get(entry.arrival.channel, Setting()).country)
    if to is None or to.kind not in office.carriers or (to.kind == "sms" and country_of(to) not in office.contact_countries):
        return None
    return to


def always(texts: Texts) -> Callable[[int], Texts]:
    """The same words, however many were withheld before."""
    return lambda _withheld: texts


def counted(who: Iterable[Address]) -> set[Address]:
    """These, and the mailboxes by which it is counted what they are sent."""
    return {one for address in who for one in (address, mailbox(address))}


async def admit(
    tx: Transaction, office: Office, wanted: Sequence[Wanted], met: Mapping[Address, Person], now: datetime
) -> tuple[list[Row], dict[Address, Allowance]]:
    """The notices, some of them withheld; and what each mailbox has been sent since, to be remembered. `met`: all that are counted()."""
    rows: list[Row] = []
    touched: dict[Address, Allowance] = {}
    for channel in sorted({one.channel for one in wanted}):
        mine = [one for one in wanted if one.channel == channel]
        spent = _Spent(await store.spent(tx, channel, now), await _domains(tx, office, mine, now))
        for one in mine:
            box = mailbox(one.to)
            allowance = touched.get(box, met[box].allowance)
            over = _over(office, one, met[one.to], allowance, spent, now)
            rows.append(notice(office, one, one.say(allowance.unannounced), over, now))
            if over:
                touched[box] = allowance.withheld(one.kind)
            else:
                spent.count(office, one)
                touched[box] = allowance.spent(one.kind, now)
        await store.spend(tx, channel, spent.channel, now)
        for domain, used in spent.fresh.items():
            await store.spend(tx, _purse(channel, domain), used, now)
    return rows, touched


@dataclass(slots=True)
class _Spent:
    """Of a channel, in this transaction and before it."""

    channel: int
    # By domain: within the week before this hour, and in this hour.
    week: dict[str, int]
    fresh: dict[str, int]

    def __init__(self, channel: int, domains: Mapping[str, tuple[int, int]]) -> None:
        self.channel = channel
        self.week = {domain: week - hour for domain, (week, hour) in domains.items()}
        self.fresh = {domain: hour for domain, (_, hour) in domains.items()}

    def count(self, office: Office, one: Wanted) -> None:
        self.channel += 1
        if (domain := _counted_domain(office, one.to)) is not None:
            self.fresh[_NEW] += self.is_new(domain)
            self.fresh[domain] += 1

    def is_new(self, domain: str) -> bool:
        """Nobody there was written to before this hour."""
        return self.week[domain] == 0


def _over(office: Office, one: Wanted, person: Person, allowance: Allowance, spent: _Spent, now: datetime) -> str:
    """Over which cap it is; empty: none, it may go out."""
    caps = office.caps
    domain = _counted_domain(office, one.to)
    dialogue = one.kind in notices.DIALOGUE
    checks = {
        "stopped": person.stopped and not one.asked_for,
        "per_channel_per_hour": spent.channel >= caps.per_channel_per_hour,
        "per_recipient_per_hour": not dialogue and not allowance.may(one.kind, now, caps.per_recipient_per_hour),
        "per_dialogue_per_hour": dialogue and not allowance.may(one.kind, now, caps.per_dialogue_per_hour),
        "mails_per_address_per_week": one.to.kind == "email" and allowance.within(now, _WEEK) >= caps.mails_per_address_per_week,
        "mails_per_domain_per_week": domain is not None and spent.week[domain] + spent.fresh[domain] >= caps.mails_per_domain_per_week,
        "new_domains": domain is not None and spent.is_new(domain) and spent.fresh[_NEW] >= caps.per_channel_per_hour * NEW_DOMAINS_SHARE,
        "typed_share": one.typed and spent.channel >= caps.per_channel_per_hour * TYPED_SHARE,
        "per_contact_per_day": one.typed and allowance.within(now, _DAY) >= caps.per_contact_per_day,
        "undeliverable": one.typed and person.undeliverable,
    }
    return next((cap for cap, is_over in checks.items() if is_over), "")


async def _domains(tx: Transaction, office: Office, wanted: Iterable[Wanted], now: datetime) -> dict[str, tuple[int, int]]:
    """What domains have been sent: in the week until now, and of that in this hour. Their rows are ours until the transaction ends."""
    found = {}
    domains = {(one.channel, domain) for one in wanted if (domain := _counted_domain(office, one.to)) is not None}
    for channel, domain in sorted(domains | {(channel, _NEW) for channel, _ in domains}):
        hour = await store.spent(tx, _purse(channel, domain), now)
        found[domain] = (await store.spent_since(tx, _purse(channel, domain), now - _WEEK), hour)
    return found


def _counted_domain(office: Office, to: Address) -> str | None:
    """None: no mail, or a provider's at which half a country has its mail."""
    domain = to.value.rpartition("@")[2].lower() if to.kind == "email" else ""
    return domain if domain and domain not in office.caps.public_domains else None


def _purse(channel: str, domain: str) -> str:
    """Its name among the budgets; no channel's name has an @."""
    return f"{channel}@{domain}"


def notice(office: Office, one: Wanted, texts: Texts, over: str, now: datetime) -> Row:
    """As the table has it, to be sent now; `over`: the cap for whose sake it is not, empty: none."""
    empty: Row = {"provider_id": None, "attempts": 0, "maybe_sent": False, "leased_by": None, "leased_until": None, "sent_at": None}
    said = {"short": texts.short, "full": texts.full, "subject": texts.subject, "choices": [[one.label, one.says, one.place] for one in texts.choices]}
    state = {"state": "withheld" if over else "queued", "reason": CAPS.get(over, "")}
    to = {"channel": one.channel, "to_kind": one.to.kind, "to_value": one.to.value}
    tied = {"thread": list(one.thread), "token": threads.token(office.key, one.number) if one.number else ""}
    return {"id": new_id(), "case": one.case, "kind": one.kind, **to, **said, **state, **tied, **empty, "made_at": now, "due_at": now}
