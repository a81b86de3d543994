"""What is promised, and by when: working days of the deployment, with its holidays."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deadlines import Calendar

WITA = ZoneInfo("Asia/Makassar")
PPU = Calendar("ID", "Asia/Makassar")


def at(day: str, clock: str = "09:14") -> datetime:
    """On the clocks of Penajam."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=WITA)


@pytest.mark.parametrize(
    ("written", "days", "due"),
    [
        # DOMAIN.md's own example: Nyepi, Idulfitri and their joint holidays lie on the way.
        (at("2026-03-17"), 3, date(2026, 3, 27)),
        (at("2026-11-23"), 3, date(2026, 11, 26)),
        # Over a weekend.
        (at("2026-11-26"), 3, date(2026, 12, 1)),
        # After hours it is tomorrow's.
        (at("2026-11-23", "15:59"), 3, date(2026, 11, 26)),
        (at("2026-11-23", "16:00"), 3, date(2026, 11, 27)),
        (at("2026-11-23", "23:59"), 3, date(2026, 11, 27)),
        # Friday evening, Saturday and Sunday are Monday's.
        (at("2026-11-27", "20:00"), 1, date(2026, 12, 1)),
        (at("2026-11-28"), 1, date(2026, 12, 1)),
        (at("2026-11-29"), 1, date(2026, 12, 1)),
        # 23:30 UTC is the next morning in Penajam.
        (datetime(2026, 11, 22, 23, 30, tzinfo=UTC), 1, date(2026, 11, 24)),
        (at("2026-12-31", "10:00"), 1, date(2027, 1, 4)),
    ],
)
def test_a_deadline_ends_on_the_day_that_a_calendar_on_the_wall_says(written: datetime, days: int, due: date) -> None:
    assert PPU.due(written, days).on == due


def test_what_was_not_counted_is_said() -> None:
    assert PPU.due(at("2026-03-17"), 3).not_counted == tuple(date(2026, 3, day) for day in (18, 19, 20, 23, 24))


def test_an_office_has_hours_and_days_off_of_its_own() -> None:
    own = Calendar("ID", "Asia/Makassar", time(12), [date(2026, 11, 24)])
    assert own.due(at("2026-11-23", "11:59"), 1).on == date(2026, 11, 25)
    assert own.due(at("2026-11-23", "12:00"), 1).on == date(2026, 11, 26)


def test_a_country_without_a_list_has_weekends_only() -> None:
    assert Calendar("XX", "UTC").due(datetime(2026, 12, 24, 9, tzinfo=UTC), 2).on == date(2026, 12, 28)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 11, 30)), st.integers(1, 60))  # noqa: DTZ001  # hypothesis wants them so
def test_a_deadline_is_a_working_day_and_more_days_are_later(written: datetime, days: int) -> None:
    moment = written.replace(tzinfo=WITA)
    due = PPU.due(moment, days)
    assert PPU.works(due.on)
    assert moment.date() + timedelta(days=days) <= due.on < PPU.due(moment, days + 1).on
    assert not any(PPU.works(day) for day in due.not_counted)


@pytest.mark.parametrize(
    ("stood", "due"),
    [
        ([], date(2026, 11, 19)),
        # Asked and answered within the day: nothing is lost.
        ([(datetime(2026, 11, 16, 2, tzinfo=UTC), datetime(2026, 11, 16, 5, tzinfo=UTC))], date(2026, 11, 19)),
        ([(datetime(2026, 11, 16, 2, tzinfo=UTC), datetime(2026, 11, 17, 6, tzinfo=UTC))], date(2026, 11, 20)),
        ([(datetime(2026, 11, 17, 2, tzinfo=UTC), datetime(2026, 11, 18, 2, tzinfo=UTC))], date(2026, 11, 20)),
        # Over a weekend, only the Friday's evening counts.
        ([(datetime(2026, 11, 20, 2, tzinfo=UTC), datetime(2026, 11, 23, 2, tzinfo=UTC))], date(2026, 11, 19)),
        ([(datetime(2026, 11, 16, 2, tzinfo=UTC), datetime(2026, 11, 23, 2, tzinfo=UTC))], date(2026, 11, 26)),
        # Twice.
        (
            [
                (datetime(2026, 11, 16, 2, tzinfo=UTC), datetime(2026, 11, 17, 2, tzinfo=UTC)),
                (datetime(2026, 11, 18, 2, tzinfo=UTC), datetime(2026, 11, 19, 2, tzinfo=UTC)),
            ],
            date(2026, 11, 23),
        ),
    ],
)
def test_the_clock_stands_while_the_complainant_is_asked(stood: list[tuple[datetime, datetime]], due: date) -> None:
    assert PPU.due(datetime(2026, 11, 16, 2, tzinfo=UTC), 3, tuple(stood)).on == due


def test_no_other_country_is_loaded_than_the_one_that_is_asked_for() -> None:
    # In a process of its own: here, others were asked for.
    script = (
        "import sys; from gateway.deadlines import Calendar; Calendar('ID', 'Asia/Makassar'); print([m for m in sys.modules if 'holidays.countries.' in m])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "['holidays.countries.indonesia']"
