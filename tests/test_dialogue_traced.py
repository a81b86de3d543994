"""What an operator sees of a dialogue by `./run trace`: each message's decision with its reason, and nobody's words."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from gateway.commands.trace import trace
from tests.test_dialogue import TONO, talking
from tests.world import Deployment, keyed

# What Sari says, and what each must be traced as.
SAID = (
    ("Lampu jalan mati", "new_case", "rule:every_report_is_a_case"),
    ("depan masjid nurul iman rt 5", "answer", "rule:answers_our_question"),
    ("tidak tahu", "answer", "rule:answers_our_question:unknown"),
    ("tambahan: tiangnya miring", "addition", "rule:speaks_of_a_report"),
    ("Ralat: depan masjid Al Ikhlas", "correction", "rule:corrects"),
    ("Lampu jalan mati", "repeat", "rule:same_words"),
    ("STATUS", "word", "rule:word:status"),
    ("RAHASIA", "word", "rule:word:confidential"),
)
THANKS = ("terima kasih pak", "noise", "rule:noise:thanks")


async def test_trace_shows_what_each_message_was_taken_for_and_why_and_nobody_s_words(
    on_sqlite: Deployment, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with talking(on_sqlite) as talk:
        for text, _, _ in SAID:
            await talk.says(text)
        number = (await talk.case())["number"]
        # A stranger's question is nothing of the report's, and stands under its own id.
        await talk.says(f"STATUS {number}", TONO)
        await talk.says(THANKS[0], answered=False)
        await on_sqlite.until("messages", lambda rows: any(row["decision"] == "noise" for row in rows))
        wanted = [(decision, reason) for _, decision, reason in (*SAID, THANKS)]
        capfd.readouterr()
        await asyncio.to_thread(trace, number, keyed(tmp_path))
        told = capfd.readouterr().out
        await asyncio.to_thread(trace, number, keyed(tmp_path), as_json=True)
        as_json = capfd.readouterr().out
        await asyncio.to_thread(trace, f"SM{len(SAID) + 1}", keyed(tmp_path))
        stranger = capfd.readouterr().out
    assert re.findall(r"stored as (\w+), because: (\S+)", told) == wanted
    assert [(row["decision"], row["reason"]) for row in json.loads(as_json)["arrivals"]] == wanted
    assert re.findall(r"stored as (\w+), because: (\S+)", stranger) == [("word", "rule:word:status")]
    for text in ("lampu", "masjid", "miring", "terima kasih", "6281234567890", "6281299999999"):
        assert text not in (told + as_json + stranger).lower()
