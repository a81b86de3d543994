"""Whose a report is, once more, when its citizen answered where it is or of what kind."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from gateway import case as cases
from gateway import directory, routing
from gateway import rows as make
from gateway.case import Event, Owner
from gateway.routing import Desk
from gateway.store import filing as store
from gateway.store.filing import Rows
from tests.test_dialogue import Talk, talking
from tests.test_routing import DESK, PPU, told, with_directory
from tests.world import Deployment

NOON = datetime(2026, 3, 17, 4, tzinfo=UTC)
ALWAYS = replace(DESK, apply_above=0.3)
WATER = "air pdam mati, air pdam tidak mengalir sejak kemarin"


def table(world: Deployment, more: str = "") -> str:
    """A number for the whole country: only the citizen knows where."""
    return with_directory(world, directory.example(), more).replace('region = "64.09"\n', "")


async def last(talk: Talk, kind: str) -> dict[str, Any]:
    return [row for row in await talk.deployment.rows("events") if row["kind"] == kind][-1]


async def test_an_answer_that_says_where_brings_the_report_to_the_agency_there(deployment: Deployment) -> None:
    async with talking(deployment, more=table(deployment, ", apply_above = 0.5")) as talk:
        await talk.says(WATER)
        assert ((await talk.case())["owner"], (await talk.events())[0][1]) == ("diskominfo", "rule:nobody_competent")
        await talk.says("di desa girimukti kec penajam")
        case = await talk.case()
        supplied, routed = await last(talk, "supplied"), await last(talk, "routed")
    assert (case["owner"], case["rules"]) == ("danum-taka", routing.RULES)
    suggestion = supplied["data"][cases.SUGGESTION]
    assert (suggestion["region"], suggestion["candidates"][0]["agency"], suggestion["directory"]) == ("64.09.01.2020", "danum-taka", PPU.version)
    assert (routed["actor"], routed["reason"], routed["data"]["owner"]) == ("gateway", "rule:directory", "danum-taka")
    assert {account.verdict for account in await deployment.accounts()} == {"ok"}


async def test_where_a_person_decides_an_answer_only_changes_what_is_suggested(on_sqlite: Deployment) -> None:
    async with talking(on_sqlite, more=table(on_sqlite)) as talk:
        await talk.says(WATER)
        await talk.says("di desa girimukti kec penajam")
        case, supplied = await talk.case(), await last(talk, "supplied")
    assert case["owner"] == "diskominfo"
    assert supplied["data"][cases.SUGGESTION]["candidates"][0]["agency"] == "danum-taka"


async def test_the_kind_that_a_citizen_names_is_suggested_for_anew(on_sqlite: Deployment) -> None:
    async with talking(on_sqlite, more=table(on_sqlite, ", apply_above = 0.5")) as talk:
        await talk.says(WATER)
        await talk.says("aspirasi")
        classified = await last(talk, "classified")
    assert classified["data"][cases.SUGGESTION]["reason"] == "rule:nobody_competent"


async def test_an_owner_that_a_person_set_stays(deployment: Deployment) -> None:
    async with talking(deployment, more=table(deployment, ", apply_above = 0.5")) as talk:
        await talk.says(WATER)
        row = await talk.case()
        async with talk.gateway.store.transaction() as tx:
            case = await store.case(tx, row["id"])
            event = Event(case.id, case.version + 1, "assigned", "Rina", "she knows", {"owner": "dpupr"}, talk.clock.now())
            await store.change(tx, replace(case, owner="dpupr", version=event.version, changed_at=event.at), case.version)
            await store.write(tx, Rows(events=[make.event(event)]))
        await talk.says("di desa girimukti kec penajam")
        case_now, supplied = await talk.case(), await last(talk, "supplied")
    assert case_now["owner"] == "dpupr"
    assert supplied["data"][cases.SUGGESTION]["candidates"][0]["agency"] == "danum-taka"


def test_no_answer_brings_a_report_to_whom_it_accuses() -> None:
    accuses = told("korupsi, suap, pungli. di kantor inspektorat, oknum inspektorat minta suap")
    found = routing.follows(accuses, ALWAYS, "diskominfo")
    assert found is None or found.agency == "inspektorat-kaltim"
    # And takes it away from there.
    away = routing.follows(accuses, DESK, "inspektorat")
    assert away is not None
    assert away.agency == "diskominfo"


def test_what_is_less_sure_than_before_leaves_the_owner() -> None:
    assert routing.follows(told("jalan rusak", None), ALWAYS, "dpupr") is None
    assert routing.follows(told("air pdam mati, air pdam tidak mengalir"), replace(DESK, apply_above=1.0), "dpupr") is None


def test_an_appeal_is_heard_by_the_coordinator_unless_it_is_who_is_accused() -> None:
    assert routing.appeals_to(told("jalan rusak"), ALWAYS) == Owner("diskominfo", "rule:appeal")
    assert routing.appeals_to(told("pejabat diskominfo korupsi proyek, minta suap"), DESK).agency == "inspektorat"
    assert routing.appeals_to(told("pejabat diskominfo korupsi"), Desk("diskominfo")).agency == "diskominfo"


def test_after_an_appeal_the_machine_gives_it_to_nobody() -> None:
    opened = Event(UUID(int=1), 1, "opened", cases.MACHINE, "rule:directory", {"owner": "dpupr"}, NOON)
    routed = replace(opened, version=2, kind="routed")
    appealed = replace(opened, version=3, kind="appealed", data={"owner": "diskominfo"})
    said = replace(opened, version=4, kind="supplied", data={})
    assert cases.owned_by_rule([opened, routed, said])
    assert not cases.owned_by_rule([opened, routed, appealed, said])
    assert not cases.owned_by_rule([opened, replace(routed, actor="Rina"), said])
