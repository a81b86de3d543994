"""One report to one complaint: the steps, readable top to bottom."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from normalizer.address import PHONE_KINDS, canonical
from normalizer.category import categories
from normalizer.incident import times_of
from normalizer.keyword import take_keyword
from normalizer.kind import KINDS, kind_of
from normalizer.language import hinted, language_of
from normalizer.level import beyond_of, level_of
from normalizer.manners import manners
from normalizer.missing import missing
from normalizer.personal import personal
from normalizer.phrases import searched
from normalizer.place import place_of
from normalizer.schema import SCHEMA_VERSION, Address, Attachment, Complaint, Declared, Place, Report, Setting
from normalizer.settled import settled_in
from normalizer.subjects import SEVERAL, subjects
from normalizer.text import MAX_LINE, MAX_TEXT, clean, cut, first_sentence, line
from normalizer.urgency import urgency_of
from normalizer.view import Word

# Kept with every complaint, so that it can be told later which rules read it. Raise it with every change of what comes out.
NORMALISER = "6"

# What a place is, and who sits there.
_LEVELS = frozenset({"desa", "kelurahan", "kecamatan", "kabupaten", "kota", "provinsi", "rt", "rw", "dusun"})
_OFFICES = frozenset({"kantor", "kepala", "aparat", "pemerintah", "pegawai", "perangkat", "balai", "pelayanan", "dana", "staf", "petugas", "ketua", "pihak"})
# Characters that are searched for what it is about: three pages. A chain letter says no more in its twentieth.
_SEARCHED = 5_000


def normalize(report: Report, setting: Setting) -> Complaint:
    """Pure, linear in the text; never raises for anything that a person wrote."""
    declared = report.declared
    whole = clean(report.text)
    keyword = take_keyword(whole, setting.keywords)
    said = keyword.rest if keyword else whole
    # A keyword alone says nothing and may be a mistake; it is still all that the person wrote.
    text = cut(said or whole, MAX_TEXT)
    given_title = line(declared.title) or line(report.subject)
    sender = canonical(report.sender, setting.country) if report.sender else None
    place = place_of(report, given_title, text, keyword if said else None, setting)
    times = times_of(declared.when, text, given_title, report.written_at or report.received_at, setting.zone)
    incident = times[0] if times else None
    tongue = language_of(given_title or "", text)
    # A title that only says how the text begins says nothing more. A field's own words weigh like a title: who names an agency says what it is about.
    own_title = "" if given_title and text.casefold().startswith(given_title.casefold()) else given_title or ""
    agency = line(declared.agency)
    heading = f"{own_title}\n{agency or ''}"
    in_title, in_text = searched(heading), searched(text[:_SEARCHED])
    about = _without_place(in_text, place)
    found = categories(in_title, about)
    region = keyword.region if keyword and said else setting.region
    several = subjects(text[:_SEARCHED], about, lru_cache(lambda passage: settled_in(passage, region, setting.aliases)))
    manner = manners(f"{heading}\n{text[:_SEARCHED]}", [*in_title, *in_text], about_something=bool(found))
    asked = kind_of(in_title, in_text, asks="?" in text) if declared.kind not in KINDS else None
    kind = asked.code if asked else declared.kind if declared.kind in KINDS else None
    return Complaint(
        schema_version=SCHEMA_VERSION,
        normaliser=NORMALISER,
        kind=kind,
        title=given_title or first_sentence(text),
        text=text,
        language=tongue.code if tongue else hinted(report.language, setting.languages),
        sender=sender,
        sender_name=line(report.sender_name),
        contact=line(declared.contact),
        agency=agency,
        category=found[0] if found else None,
        place=place,
        incident=incident,
        attachments=tuple(map(_attachment, report.attachments)),
        anonymous=declared.anonymous,
        confidential=declared.confidential,
        missing=missing(kind, f"{given_title or ''}{said}", place, incident, manner),
        remarks=(
            *report.remarks,
            *_sender_remarks(report.sender, sender),
            *_length_remarks(said or whole, report),
            *manner,
            *((SEVERAL,) if several else ()),
        ),
        received_at=report.received_at,
        personal=personal(text),
        categories=found,
        kind_found=asked,
        urgency=urgency_of(in_title, in_text),
        level=level_of(found[0].code, in_title, in_text) if found else None,
        beyond=beyond_of(in_title, in_text),
        language_found=tongue,
        dates=times,
        title_how="declared" if line(declared.title) else "subject" if given_title else "text",
        subjects=several,
    )


def _without_place(words: list[Word], place: Place | None) -> list[Word]:
    """Without the words that only say what a place is ("kec. Penajam"): the office of that place is spoken of by more than that ("kantor camat")."""
    if place is None or place.span is None:
        return words
    start, end = place.span
    before = ["", *(word.word for word in words)]
    return [word for word, last in zip(words, before, strict=False) if word.word not in _LEVELS or last in _OFFICES or not start <= word.start < end]


def unread(sender: Address | None, received_at: datetime, setting: Setting) -> Complaint:
    """The empty complaint of an arrival that could not be read: what is not known counts as hidden."""
    nothing = Report(sender, "", received_at, declared=Declared(anonymous=True, confidential=True))
    complaint = normalize(nothing, setting)
    return replace(complaint, remarks=("unread", *complaint.remarks))


def _attachment(attachment: Attachment) -> Attachment:
    """Storable, and shown on one line. A reference is a provider's URL or id: cut short it would fetch nothing."""
    reference = clean(attachment.reference) if attachment.reference else None
    return replace(attachment, name=line(attachment.name) or "", declared_type=line(attachment.declared_type) or "", reference=reference)


def _sender_remarks(written: Address | None, sender: Address | None) -> tuple[str, ...]:
    if written is None or sender is not None:
        return ()
    return ("sender_not_a_number" if written.kind in PHONE_KINDS else "sender_unusable",)


def _length_remarks(text: str, report: Report) -> tuple[str, ...]:
    """Whether an operator should look at the raw report for the rest of it."""
    declared = report.declared
    lines = (report.subject, declared.title, declared.when, declared.where, declared.agency, declared.contact)
    shortened = len(text) > MAX_TEXT or any(len(words or "") > MAX_LINE for words in lines)
    return ("text_shortened",) if shortened else ()
