"""What the signs of a channel mean, each by itself; tests/test_fourteen_faults.py has them on a running node."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from channels import Checked
from gateway import signals
from gateway.signals import Legible

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (15, None),
        (13.5, ("degraded", "ends", "The certificate of our own door ends on 2026-12-10, in 13 days. Renew it; new files are taken by themselves.")),
        (0.5, ("degraded", "ends", "The certificate of our own door ends on 2026-11-27, in 0 days. Renew it; new files are taken by themselves.")),
        (0, ("degraded", "ended", "The certificate of our own door ended on 2026-11-26. Renew it; new files are taken by themselves.")),
        (-30, ("degraded", "ended", "The certificate of our own door ended on 2026-10-27. Renew it; new files are taken by themselves.")),
    ],
)
def test_what_ends_within_a_fortnight_is_told_with_what_to_do(days: float, said: tuple[str, str, str] | None) -> None:
    found = signals.ending({"certificate": NOON + timedelta(days=days)}, None, NOON)
    assert (found and (found.state, found.kind, found.sentence)) == said


def test_of_several_that_end_the_first_is_told() -> None:
    found = signals.ending({"token": NOON + timedelta(days=3), "address": NOON + timedelta(days=2), "certificate": NOON + timedelta(days=90)}, None, NOON)
    assert found is not None
    assert found.sentence.startswith("The certificate of our public address ends on 2026-11-28")


@pytest.mark.parametrize(
    ("read", "told"),
    [
        ("", []),
        # One odd message, or two, are somebody's own.
        ("0", []),
        ("00", []),
        ("000", [(3, 3)]),
        ("1111010101", [(3, 10)]),
        # Of the last ten.
        ("000" + "1" * 7, [(3, 10)]),
        ("000" + "1" * 8, []),
    ],
)
def test_three_unread_of_the_last_ten_are_a_change_and_fewer_are_not(read: str, told: list[tuple[int, int]]) -> None:
    legible = Legible()
    for i, one in enumerate(read):
        legible.came("message", NOON + timedelta(seconds=i), read=one == "1")
    assert legible.changed(NOON + timedelta(minutes=1)) == told
    assert legible.changed(NOON + timedelta(hours=2)) == []
    assert legible.unread == read.count("0")


def test_each_sort_of_delivery_is_counted_by_itself() -> None:
    """A provider that changes its delivery reports shall not be hidden by people who write."""
    legible = Legible()
    for i in range(50):
        legible.came("message", NOON, read=True)
        legible.came("status", NOON, read=i < 40)
    assert legible.changed(NOON) == [(10, 10)]


def test_one_who_writes_nothing_again_and_again_is_no_change_of_the_provider() -> None:
    legible = Legible()
    for _ in range(50):
        legible.came("message", NOON, read=False, who="+6281200000001")
    assert legible.changed(NOON) == []
    assert legible.unread == 50
    # Nor does one who writes much hide that others cannot be read.
    for i in range(30):
        legible.came("message", NOON, read=i % 10 != 0, who=f"+62812000000{10 + i % 10}" if i % 10 == 0 else "+6281200000002")
    assert legible.changed(NOON) == []
    for i in range(2):
        legible.came("message", NOON, read=False, who=f"+628130000000{i}")
        legible.came("message", NOON, read=True, who="+6281200000002")
    assert legible.changed(NOON) == [(4, 5)]


@pytest.mark.parametrize(("minutes", "told"), [(9, False), (10, False), (11, True)])
def test_what_lies_at_the_server_is_told_after_ten_minutes(minutes: int, *, told: bool) -> None:
    found = signals.lying(Checked(ok=True, sentence="", waiting=7, oldest_at=NOON - timedelta(minutes=minutes)), None, NOON)
    assert bool(found) is told
    assert found is None or found.sentence.startswith("7 messages lie at the server, the oldest for 11 minutes.")


def test_what_the_other_side_says_stops_the_way_in_or_warns_and_a_connection_of_ours_is_not_meant() -> None:
    said = {
        kind: signals.told_by(Checked(ok=False, sentence="X.", kind=kind), None) for kind in ("elsewhere", "outside", "warned", "auth", "timeout", "refused")
    }
    assert {kind: found and found.state for kind, found in said.items()} == {
        "elsewhere": "down",
        "outside": "down",
        "warned": "degraded",
        "auth": None,
        "timeout": None,
        "refused": None,
    }
    assert signals.told_by(Checked(ok=True, sentence="X.", kind="elsewhere"), None) is None
