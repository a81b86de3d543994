"""docs/monitoring/ is true: each name, label and value of its rules and panels is one that a gateway tells; each alert fires when it should, and only then."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.health import DEGRADED, DOWN, OK, UNKNOWN
from tests.certificates import needs_openssl
from tests.handbook import ROOT, rows
from tests.town import town
from tests.world import KEY, Deployment, handed_over

MONITORING = ROOT / "docs" / "monitoring"
ALERTS: list[dict[str, Any]] = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
needs_promtool = pytest.mark.peer("promtool", "apt-get install prometheus")
_SELECTOR = re.compile(r"\b(nwd_\w+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)(=~|!=|!~|=)"([^"]*)"')


def panels() -> list[tuple[str, str]]:
    """Title and expression."""
    return [(panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel["targets"]]


def plain(expression: str) -> str:
    """As Grafana sends it, with its variables filled in."""
    return expression.replace("$channel", ".*").replace("$__rate_interval", "5m")


def series(text: str) -> dict[str, list[dict[str, str]]]:
    """The labels of each series, by its name."""
    found: dict[str, list[dict[str, str]]] = {}
    for name, labels in re.findall(r"(?m)^(nwd_\w+?)(?:\{(.*)\})? \S+$", text):
        found.setdefault(name, []).append(dict(re.findall(r'(\w+)="([^"]*)"', labels)))
    return found


@pytest.fixture
async def told(on_sqlite: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, str]]]:
    """All series of a gateway with each kind of channel, through which a little has gone."""
    async with town(on_sqlite, tmp_path, monkeypatch) as here:
        door = here.twilio.numbers["1708"].sms_url
        here.twilio.hosts["http://127.0.0.1:1"] = f"http://127.0.0.1:{here.gateway.port}"
        for number, ends in enumerate(("delivered", "undelivered", "failed")):
            here.twilio.delivery = ("sent", ends)
            await here.twilio.text(door, from_=f"+62812000000{number:02d}", to="1708", body="Jalan rusak di Girimukti")
            await here.twilio.until_called_back(2 * (number + 1))
        await here.write("jalan rusak")
        await on_sqlite.until("notices", lambda rows: len(rows) == 4 and all(row["state"] != "due" for row in rows))
        await handed_over(here.gateway)
        await here.beat()
        _, text = await here.operator.get("/metrics", Authorization=f"Bearer {KEY}")
    return series(text)


@needs_openssl
async def test_each_name_label_and_value_is_one_that_a_gateway_tells(told: dict[str, list[dict[str, str]]]) -> None:
    expressions = [(rule["alert"], rule["expr"]) for rule in ALERTS] + [(title, plain(expression)) for title, expression in panels()]
    for where, expression in expressions:
        selectors = _SELECTOR.findall(expression)
        assert selectors, where
        for name, matchers in selectors:
            assert name in told, f"{where}: nobody tells {name}"
            for label, sign, value in _MATCHER.findall(matchers):
                assert all(label in labels for labels in told[name]), f"{where}: {name} has no {label}"
                for one in value.split("|") if sign.startswith("=") and value != ".*" else ():
                    assert one in {labels[label] for labels in told[name]}, f"{where}: no {label} of {name} is {one}"
        grouped = {label.strip() for labels in re.findall(r"\bby \(([^)]*)\)", expression) for label in labels.split(",")}
        assert grouped <= {label for name, _ in selectors for labels in told[name] for label in labels}, where


@needs_openssl
async def test_what_an_alert_and_a_panel_say_is_filled_in_from_labels_that_are_there(told: dict[str, list[dict[str, str]]]) -> None:
    for rule in ALERTS:
        used = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
        assert used <= {label for name, _ in _SELECTOR.findall(rule["expr"]) for labels in told[name] for label in labels}, rule["alert"]
        assert {*rule["annotations"]} == {"summary", "description"}
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            used = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert used <= {label for name, _ in _SELECTOR.findall(target["expr"]) for labels in told[name] for label in labels}, panel["title"]


def test_the_page_lists_each_alert_and_no_other() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert [name for name, *_ in rows(page, "Prometheus and Grafana")] == [rule["alert"] for rule in ALERTS]


def test_panels_do_not_cover_each_other_and_ask_the_source_that_is_chosen() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        fields = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not taken & fields, panel["title"]
        assert max(x for x, _ in fields) < 24
        taken |= fields
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${source}"}
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


# By Prometheus itself


def promtool(*words: str | Path) -> str:
    done = subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_promtool
def test_prometheus_takes_the_configuration_and_the_rules(tmp_path: Path) -> None:
    for file in ("prometheus.yml", "alerts.yml"):
        (tmp_path / file).write_text((MONITORING / file).read_text(encoding="utf-8"), encoding="utf-8")
    # Where an operator copies it from.
    (tmp_path / "operators.token").write_text("x")
    assert f"{len(ALERTS)} rules found" in promtool("check", "config", tmp_path / "prometheus.yml")


@needs_promtool
def test_prometheus_understands_each_panel(tmp_path: Path) -> None:
    asked = [{"record": f"panel:{number}", "expr": plain(expression)} for number, (_, expression) in enumerate(panels())]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": asked}]}))
    assert f"{len(asked)} rules found" in promtool("check", "rules", tmp_path / "panels.yml")


def _state(part: str, direction: str, state: str) -> dict[str, str]:
    """One that is so, and not so in all other ways."""
    return {f'nwd_state{{part="{part}",direction="{direction}",state="{one}"}}': f"{int(one == state)}x1500" for one in (OK, DEGRADED, DOWN, UNKNOWN)}


_FREE = 'nwd_limit{part="journal",limit="min_free_bytes"}'
_THERE = {"nwd_accepted_total": "7x1500", _FREE: "1000x1500"}
_REPORTS = 'nwd_delivery_reports_total{{channel="sms",status="{}"}}'
# By alert: a story in which it fires, and one, close by, in which it does not. Series by minute, as promtool writes them.
STORIES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "GatewayGone": ({"up": "0x1500"}, _THERE),
    "NothingAccepted": (_state("journal", "all", DOWN), _state("journal", "all", OK)),
    "ChannelDown": (_state("sms", "in", DOWN), _state("sms", "in", DEGRADED)),
    "ChannelDegraded": (_state("sms", "out", DEGRADED), _state("sms", "out", OK)),
    "HouseNotWell": (_state("store", "all", DOWN), _state("sms", "in", DOWN)),
    "NobodyLooks": (_state("sms", "in", UNKNOWN), _state("sms", "in", OK)),
    "JournalPilesUp": (
        {"nwd_journal_depth": "3x1500", "nwd_journal_age_seconds": "601x1500"},
        {"nwd_journal_depth": "999x1500", "nwd_journal_age_seconds": "60x1500"},
    ),
    "AnswersLate": ({'nwd_outbox_age_seconds{channel="sms"}': "700x1500"}, {'nwd_outbox_age_seconds{channel="sms"}': "500x1500"}),
    "AcknowledgementsSlow": (
        {f'nwd_acknowledge_seconds_bucket{{channel="sms",le="{le}"}}': f"0+{step}x1500" for le, step in (("60", 90), ("300", 100), ("+Inf", 100))},
        {f'nwd_acknowledge_seconds_bucket{{channel="sms",le="{le}"}}': f"0+{step}x1500" for le, step in (("60", 99), ("300", 100), ("+Inf", 100))},
    ),
    "AnswersDoNotArrive": (
        {_REPORTS.format("delivered"): "0+3x1500", _REPORTS.format("failed"): "0+1x1500"},
        {_REPORTS.format("delivered"): "0+5x1500", _REPORTS.format("failed"): "0+1x1500"},
    ),
    "ProviderChanged": ({'nwd_unread_total{channel="sms"}': "0x60 1 2 3 4 4x1500"}, {'nwd_unread_total{channel="sms"}': "0x60 1 2 2x1500"}),
    "LoginRefused": ({'nwd_logins_refused_total{channel="sms"}': "0+2x1500"}, {'nwd_logins_refused_total{channel="sms"}': "5x1500"}),
    "CredentialEnds": (
        {'nwd_credential_days{channel="mail",credential="certificate"}': "13.5x1500"},
        {'nwd_credential_days{channel="mail",credential="certificate"}': "30x1500"},
    ),
    "DiskFills": (
        {'nwd_limit_used{part="journal",limit="min_free_bytes"}': "1999x1500"},
        {'nwd_limit_used{part="journal",limit="min_free_bytes"}': "2001x1500"},
    ),
    "ReportsParked": ({"nwd_parked": "2x1500"}, {"nwd_parked": "0x1500"}),
    "PeopleTurnedAway": (
        {'nwd_limit_rejected_total{part="web",limit="max_per_minute"}': "0+10x1500"},
        {'nwd_limit_rejected_total{part="notices",limit="per_recipient_per_hour"}': "0+10x1500"},
    ),
}


def _story(alert: str, told: dict[str, str], *, fires: bool) -> dict[str, Any]:
    there = {} if alert == "GatewayGone" else _THERE
    shown = [{"series": name, "values": values} for name, values in {**there, **told}.items()]
    # Long enough for what it says: that waits a day, all others half an hour at most.
    after = "1446m" if alert == "ReportsParked" else "90m"
    count = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)'
    return {"interval": "1m", "input_series": shown, "promql_expr_test": [{"expr": count, "eval_time": after, "exp_samples": [{"value": int(fires)}]}]}


def _stories() -> Iterator[dict[str, Any]]:
    for alert, (bad, good) in STORIES.items():
        yield _story(alert, bad, fires=True)
        yield _story(alert, good, fires=False)


@needs_promtool
def test_each_alert_fires_when_it_should_and_not_close_by(tmp_path: Path) -> None:
    assert list(STORIES) == [rule["alert"] for rule in ALERTS]
    file = {"rule_files": [str(MONITORING / "alerts.yml")], "evaluation_interval": "1m", "tests": list(_stories())}
    (tmp_path / "stories.yml").write_text(yaml.safe_dump(file))
    promtool("test", "rules", tmp_path / "stories.yml")
