"""What was kept when the schema was 1.0 is read everywhere as it is."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from gateway import renewing, splitting
from gateway import rows as make
from gateway.assembly import reading
from gateway.commands.trace import trace as trace_command
from gateway.questions import answered, corrected
from gateway.renewal import renewed
from gateway.splitting import NothingToSplit
from gateway.store.tables import complaint_versions
from normalizer import NORMALISER, SCHEMA_VERSION, Complaint, Report, Setting, normalize
from tests.test_dialogue import talking
from tests.test_learning import types
from tests.world import Deployment

NOON = datetime(2026, 3, 17, 4, tzinfo=UTC)
TEXT = "nama saya Budi, jalan rusak di Waru sejak kemarin. Selain itu sampah menumpuk"
# Fields that came with 1.1, by what has them.
_OF_A_COMPLAINT = {"language_found", "dates", "title_how", "subjects"}


def kept_under_1_0(complaint: Complaint) -> dict[str, Any]:
    """As the store had it."""
    row: dict[str, Any] = json.loads(json.dumps(asdict(complaint), default=str))
    row = {name: value for name, value in row.items() if name not in _OF_A_COMPLAINT} | {"schema_version": "1.0", "normaliser": "3"}
    row["remarks"] = [remark for remark in row["remarks"] if remark != "several_subjects"]
    if row["incident"]:
        del row["incident"]["score"]
    row["personal"] = [{name: span[name] for name in ("kind", "start", "end")} for span in row["personal"]]
    return row


def read(text: str) -> Complaint:
    return normalize(Report(None, text, NOON), Setting(zone="Asia/Makassar"))


def test_it_is_understood_answered_and_corrected() -> None:
    old = make.understood(kept_under_1_0(read(TEXT)))
    assert (old.language, old.language_found, old.dates, old.personal[0].how, old.schema_version) == ("id", None, (), "", "1.0")
    after = answered(old, read("tadi pagi"), "when", "rule:answers_our_question", "Asia/Makassar")
    assert after.incident
    assert (after.incident.date, after.dates) == ("2026-03-17", (after.incident,))
    assert corrected(old, read("Ralat: di Babulu")).text.startswith(TEXT)


def test_read_anew_it_has_what_is_new_and_what_was_answered_stays() -> None:
    fresh = read(TEXT)
    old = make.understood(kept_under_1_0(fresh))
    anew = renewed([old], fresh).complaint
    assert anew == fresh
    assert (anew.schema_version, anew.remarks, len(anew.subjects)) == (SCHEMA_VERSION, ("several_subjects",), 2)
    told = answered(old, read("tadi pagi"), "when", "rule:answers_our_question", "Asia/Makassar")
    assert renewed([old, told], fresh).complaint.incident == told.incident


def test_a_remark_of_a_door_stays_and_one_of_the_words_goes_with_them() -> None:
    fresh = read("jalan rusak")
    old = replace(fresh, normaliser="3", remarks=("honeypot", "several_subjects"))
    assert renewed([old], fresh).complaint.remarks == ("honeypot",)


async def test_in_a_store_it_is_traced_answered_read_anew_and_then_split(on_sqlite: Deployment) -> None:
    async with talking(on_sqlite) as talk:
        await talk.says("sampah menumpuk tidak diangkut. Selain itu jalan berlubang")
        number = (await talk.case())["number"]
        async with talk.gateway.store.transaction() as tx:
            row = kept_under_1_0(make.understood(await talk.complaint()))
            await tx.run(complaint_versions.update().where(sa.true()).values(complaint=row, normaliser="3"))
        assert "Kapan" in await talk.says("depan masjid nurul iman")
        assert number in (await types(on_sqlite, trace_command, number))[1]
        async with talk.gateway.store.transaction() as tx:
            # Nobody has looked for a second subject yet.
            with pytest.raises(NothingToSplit):
                await splitting.split(tx, talk.gateway.office, number, "", "Rina", (), talk.clock.now())
        async with reading(on_sqlite.config()) as desk:
            found = await renewing.renew(desk.store, desk.reader, desk.office, desk.clock.now(), write=True)
        assert (found.changed, found.left) == (1, [])
        complaint = await talk.complaint()
        assert (complaint["normaliser"], complaint["schema_version"], complaint["remarks"]) == (NORMALISER, SCHEMA_VERSION, ["several_subjects"])
        assert complaint["place"]["text"] == "depan masjid nurul iman"
        async with talk.gateway.store.transaction() as tx:
            done = await splitting.split(tx, talk.gateway.office, number, "", "Rina", (), talk.clock.now())
    assert sorted(row["number"] for row in await on_sqlite.rows("cases")) == sorted([number, done.second])
