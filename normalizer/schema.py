"""The one complaint schema: what a channel read (Report) and what the house works with (Complaint).

Version 1. A field is only ever added; a change of meaning is a new major version. `./run schema` prints it as JSON Schema. What was kept under an older minor
version is read as it is: a field that it lacks has its default, which says that nobody looked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

SCHEMA_VERSION = "1.1"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a person can be found on a wire."""

    # What kind of wire: "sms", "whatsapp", "email", "telegram", "web". Open: a new channel may bring its own.
    kind: str
    # As that wire writes it: +6281234567890, warga@contoh.example, 123456789. Canonical once the normaliser has seen it.
    value: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a report, or that the wire only referred to."""

    # What the sender called it, never a path. Empty: the wire gave no name.
    name: str
    # MIME type as the sender declared it; what it really is is decided by content when it is fetched.
    declared_type: str
    # SHA-256 in hex of the kept bytes. None: not here yet, see reference.
    digest: str | None = None
    # How the channel's fetch() gets it: a URL, a file id. None: the bytes are here.
    reference: str | None = None
    # Bytes, if known.
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """What a person filled into a field of its own (a web form, an assisted intake), not guessed from the text."""

    # "complaint" | "aspiration" | "information_request"; None: not said.
    kind: str | None = None
    title: str | None = None
    # When and where it happened, in the person's own words.
    when: str | None = None
    where: str | None = None
    # The agency that the person had in mind, free text.
    agency: str | None = None
    # How to reach the person, as typed: proves nothing (law 10).
    contact: str | None = None
    anonymous: bool = False
    confidential: bool = False


@dataclass(frozen=True, slots=True)
class Location:
    """A position, WGS 84 degrees."""

    latitude: float
    longitude: float
    # Metres; None: the wire did not say.
    accuracy_m: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One delivery, read: still the sender's own words and spelling. Nothing cleaned, nothing guessed."""

    # Who sent it, as the wire says; None: the wire does not know (a web form).
    sender: Address | None
    text: str
    # UTC, from the arrival.
    received_at: datetime
    # UTC; when it was sent, where it came so late that it was asked for: "yesterday" is the day before that. None: when it was received.
    written_at: datetime | None = None
    subject: str | None = None
    # What the sender calls itself, if the wire tells (WhatsApp, mail, Telegram).
    sender_name: str | None = None
    # What the sender's program is set to, as a BCP 47 tag of any spelling; None: the wire does not say. It says nothing of what the words are written in.
    language: str | None = None
    # Which of our own addresses it was sent to: a short code, a mail address.
    recipient: Address | None = None
    attachments: tuple[Attachment, ...] = ()
    location: Location | None = None
    # Ids of messages that this one answers, nearest first.
    references: tuple[str, ...] = ()
    declared: Declared = Declared()
    # The wire's id is a secret between the sender and us: other words under it are the same report, amended.
    keyed: bool = False
    # The private link of a report that this one adds to; None: it stands for itself.
    link: str | None = None
    # Codes of what the door saw and nobody is refused for: "honeypot", "too_fast", "flood".
    remarks: tuple[str, ...] = ()
    # How the other side's wire names this message, for an answer to refer to; None: it does not.
    message_id: str | None = None
    # What is new in an answer, without quotation and signature: a view, `text` has everything. None: all of it is new.
    reply: str | None = None
    # Tokens that came back with it and may be ours (Notice.token): the core checks each.
    tokens: tuple[str, ...] = ()
    # A machine wrote it, or nobody shall be answered for another reason, as a code: "auto_submitted", "mailing_list", "forged". Empty: a person wrote.
    automatic: str = ""
    # The same for the same words of the same sender by another wire (a mail that SMTP and IMAP both brought). None: only the wire's id decides.
    content_key: str | None = None
    # Bytes of the attachments, in their order, where the arrival itself carried them. They go into the folder before anybody refers to them.
    contents: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """What depends on the deployment, handed to normalize(): the same text may mean other things elsewhere."""

    # ISO 3166 alpha-2: which country a number without a prefix belongs to.
    country: str = "ID"
    # IANA name; "yesterday" is meant in this zone.
    zone: str = "Asia/Jakarta"
    # BCP 47 tags that we can answer in, the default first.
    languages: tuple[str, ...] = ("id", "en")
    # Official code of the region whose number or portal this channel is; None: no region of its own.
    region: str | None = None
    # Words that citizens put first to say where it belongs ("PPU jalan rusak"), in capitals, to official region codes.
    keywords: tuple[tuple[str, str], ...] = ()
    # What people here call a region ("PPU", a mayor's handle), in any spelling, to official region codes.
    aliases: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """A code that was read out of the words."""

    code: str
    # 0..1: the chance that a person would say the same.
    score: float
    # The words that decided, as our lists write them, the weightiest first.
    how: str
    # Where they stand: first and past the last character of each in Complaint.text. Words of a title or of a field of its own have no place there.
    spans: tuple[tuple[int, int], ...] = ()


# What it is about.
Category = Finding


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place of the official register that may be meant."""

    # Kemendagri code.
    code: str
    # As the register writes it.
    name: str
    # 0..1
    score: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where it happened."""

    # The words that say so; None: only the region is known.
    text: str | None
    # Kemendagri code (64.09 = Kabupaten Penajam Paser Utara), as far down as is certain; None: not resolved.
    code: str | None
    # "keyword" | "channel" | "declared" | "position" | "text" | "answer" (to our question)
    how: str
    location: Location | None = None
    # 0..1, how certain the first candidate is; None: no name was read, the code is the keyword's or the channel's.
    score: float | None = None
    # Where the words that name the place or its region stand in the complaint's text, in characters; None: not there.
    span: tuple[int, int] | None = None
    # Regencies are meant that cannot be told apart by what was said.
    ambiguous: bool = False
    # What the names in the words may mean, the best first, at most three.
    candidates: tuple[Candidate, ...] = ()
    # A local keyword came first and said the region, whatever the words said after it.
    keyword: bool = False


@dataclass(frozen=True, slots=True)
class Incident:
    """When it happened."""

    # The words that say so.
    text: str
    # ISO 8601 date, as precise as is known ("2026-03", "2026-03-17"); None: not resolved.
    date: str | None
    # "declared" | "text" | "answer" (to our question)
    how: str
    # "day" | "week" (that day or a few beside it) | "month" | "year" | "recurring" | "vague" (the last two without a date); None: not resolved.
    precision: str | None = None
    # Where the words stand in the complaint's text: characters, the end excluded. None: they stand in a field, in the title, in another message.
    span: tuple[int, int] | None = None
    # 0..1: the chance that the words say when it happened, and mean that day; None: no day was understood.
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Personal data in a text."""

    # "nik" (identity number) | "kk" (family card) | "bpjs" (health insurance) | "nip" (civil servant) | "phone" | "mail" | "plate"
    # "account" (of a bank, of a household) | "address" (of the writer, down to the house) | "name"
    kind: str
    # Characters, the end excluded.
    start: int
    end: int
    # "form": it is written as such a thing is · "cue": a word before it says so. Empty: kept before 1.1.
    how: str = ""
    # 0..1: the chance that it is one; what is masked is masked at any. None: kept before 1.1.
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """One of several things that a report is about, each of which may be another agency's."""

    category: Category
    # Its passage in the complaint's text: characters, the end excluded.
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Complaint:
    """The one schema: what was reported, whichever door it came through. Codes only, never words of ours for people."""

    schema_version: str
    # Version of the normaliser that made it.
    normaliser: str
    # "complaint" | "aspiration" | "information_request"; None: nobody could say yet.
    kind: str | None
    # One line; made from the text if the sender gave none. Empty: nothing legible arrived.
    title: str
    # What happened, the sender's own words, cleaned of what cannot be shown; without a local keyword.
    text: str
    # BCP 47 tag; where there is too little text to tell, of the sender's program; None: that says nothing either.
    language: str | None
    # Canonical sender; None: not known, or not an address that can be answered (a short code).
    sender: Address | None
    sender_name: str | None
    # Free text from a form: a wish, never a proof.
    contact: str | None
    # The agency that the sender had in mind, free text.
    agency: str | None
    # What it is about; None: too little says so, a person must look.
    category: Category | None
    place: Place | None
    incident: Incident | None
    attachments: tuple[Attachment, ...]
    # Hides who.
    anonymous: bool
    # Hides what.
    confidential: bool
    # What a person must still be asked for, in the order of asking: "what", "where", "when".
    missing: tuple[str, ...]
    # Codes of what an operator should know: "unread", "sender_not_a_number", "text_shortened", ...
    remarks: tuple[str, ...]
    # UTC.
    received_at: datetime
    # Personal data in `text`, in its order and apart: every public view and every log masks them.
    personal: tuple[Span, ...] = ()
    # The likeliest categories, at most three, the first of them above.
    categories: tuple[Category, ...] = ()
    # How `kind` was told from the words; None: it was declared, or nobody could say.
    kind_found: Finding | None = None
    # "life": somebody may be dying. "danger": somebody may come to harm soon. None: nothing says so.
    urgency: Finding | None = None
    # Whose it is by what the text says, for a category that depends on it: "national" | "province" | "regency" | "village". None: the text does not say.
    level: Finding | None = None
    # Why no public service can settle it, a suspicion: "in_court" | "private_dispute" | "private_company". None: nothing says so.
    beyond: Finding | None = None
    # How `language` was told from the words; None: it is the sender's program's, or nobody could say.
    language_found: Finding | None = None
    # All times that were said, the incident's first, then the likelier before the less likely.
    dates: tuple[Incident, ...] = ()
    # Where `title` comes from: "declared" (a field of its own) | "subject" (a mail's) | "text" (how the text begins). Empty: kept before 1.1.
    title_how: str = ""
    # If it is about several things, each with its passage, in the text's order; empty: it is about one. `remarks` has "several_subjects" then.
    subjects: tuple[Subject, ...] = ()
