"""Somebody who follows only docs/: each block is typed as it stands there, and what should be seen then is seen. What is not typed is listed, with why."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.handbook import PAGES, Block, blocks, shows
from tests.machine import Machine
from tests.ports import free_ports

# In this order: who comes to a page has read those before it.
PATH = ("install", "twilio", "mail", "telegram", "dialogue", "health", "metrics", "backup", "upgrade")
_PATIENCE_SECONDS = 60.0
# Looking changes nothing: it is asked again until it shows what the page says, as a person would who is told "after half a minute".
_LOOKING = re.compile(r"(no-wrong-door|ls|curl|journalctl)\b.*")
_PACKAGES = "it installs Debian's packages; .ci/run installs the same, and .ci/bare-debian shows that a bare Debian needs no others"
_ROOT = "it changes this machine itself"
_DOCKER = "no container engine runs here; tests/test_compose.py holds the files against each other and against the model"
_PROXY = "tests/test_proxies.py runs this very file with the real proxy"
NOT_TYPED = {
    "apt-get update": _PACKAGES,
    "apt-get install --yes git openssl python3 python3-venv ca-certificates curl": _PACKAGES,
    "apt-get install --yes caddy": _PACKAGES,
    "apt-get install --yes nginx certbot": _PACKAGES,
    "apt-get install --yes ufw": _PACKAGES,
    "useradd --system --home-dir /var/lib/no-wrong-door --shell /usr/sbin/nologin no-wrong-door": _ROOT,
    "ufw allow OpenSSH": _ROOT,
    "ufw allow 80/tcp": _ROOT,
    "ufw allow 443/tcp": _ROOT,
    "ufw --force enable": _ROOT,
    "certbot certonly --webroot --webroot-path /var/www/html --domain YOUR-NAME": "it needs a name that the whole internet knows",
    "systemctl reload caddy": _PROXY,
    "nginx -t": _PROXY,
    "systemctl reload nginx": _PROXY,
    "docker compose up --detach": _DOCKER,
    "docker compose exec gateway python -m gateway health": _DOCKER,
    "docker compose exec gateway python -m gateway backup /var/lib/no-wrong-door/backup --without-store --without-files": _DOCKER,
    "docker compose exec --no-TTY postgres pg_dump --username gateway --format=custom gateway > store.dump": _DOCKER,
    "docker compose cp gateway:/var/lib/no-wrong-door/backup .": _DOCKER,
    "docker compose cp gateway:/var/lib/no-wrong-door/blobs backup/data/": _DOCKER,
    "chown --recursive 10001:10001 backup/data": _DOCKER,
    "docker compose up --no-start": _DOCKER,
    "docker compose cp --archive backup/data/. gateway:/var/lib/no-wrong-door/": _DOCKER,
    "docker compose start postgres": _DOCKER,
    "docker compose exec --no-TTY postgres pg_restore --username gateway --no-owner --dbname gateway < store.dump": _DOCKER,
    "docker compose start gateway": _DOCKER,
    "docker compose exec gateway python -m gateway reconcile": _DOCKER,
    "docker compose build": _DOCKER,
    "rsync --archive /var/backups/no-wrong-door/ backup@OTHER-MACHINE:no-wrong-door/": "there is no other machine",
    "pg_restore --no-owner --dbname DATABASE /var/backups/no-wrong-door/first/store.dump": "tests/test_backup.py restores a dump so, into a real PostgreSQL",
}

# What a person does by hand, and what is typed instead: here no real account is written down with the editor, but the simulator's again.
INSTEAD = {
    "nano /etc/no-wrong-door/gateway.toml": "install -m 0640 /var/lib/no-wrong-door/practice/twilio.token /etc/no-wrong-door/twilio.token\n"
    """sed -i 's|^account_sid = .*|&\\napi_base = "http://127.0.0.1:8070"\\npublic_urls = ["http://127.0.0.1:8080"]|' /etc/no-wrong-door/gateway.toml""",
}


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """Bare, but for what Debian has; and as if nginx were installed."""
    public, operators, mail = free_ports(3)
    simulator = free_ports(2)[0]
    found = Machine(tmp_path, {8080: public, 8090: operators, 8070: simulator, 2525: mail})
    for name in ("sites-available", "sites-enabled"):
        (tmp_path / "etc" / "nginx" / name).mkdir()
    (tmp_path / "etc" / "nginx" / "sites-enabled" / "default").touch()
    yield found
    found.close()


def story() -> list[Block]:
    """All blocks of the pages, in the order of reading."""
    return [block for name in PATH for page in PAGES if page.stem == name for block in blocks(page)]


def test_no_page_has_a_block_that_is_not_in_the_story() -> None:
    told = [block for page in PAGES for block in blocks(page)]
    assert sorted(told, key=str) == sorted(story(), key=str)
    # Configurations are loaded in tests/test_docs_mail.py and tests/test_docs_telegram.py; the dialogue is held in tests/test_docs_dialogue.py.
    assert {block.kind for block in told} == {"sh", "sh second-terminal", "text", "text second-terminal", "text typed", "toml", "toml more", "main.cf"}


def test_what_is_not_typed_is_on_the_list_and_the_list_names_nothing_else() -> None:
    commands = {command for block in story() if block.kind == "sh" for command in block.commands}
    assert (NOT_TYPED.keys() | INSTEAD.keys()) - commands == set()


@pytest.mark.peer("git", "apt-get install git")
@pytest.mark.peer("curl", "apt-get install curl")
@pytest.mark.timeout(600)
def test_somebody_who_follows_only_the_pages_gets_a_gateway_breaks_it_mends_it_loses_it_and_has_it_back(machine: Machine) -> None:
    told = story()
    seen = 0
    for position, block in enumerate(told):
        after = told[position + 1] if position + 1 < len(told) else None
        before = told[position - 1]
        match block.kind:
            case "sh":
                follow(machine, block, after)
            case "sh second-terminal":
                machine.type_in_second_terminal(block.text)
            case "text second-terminal":
                seen = machine.until_second_terminal_shows(block.text, seen)
            case "text typed" if before.kind != "sh" or "/dev/stdin" not in before.text:
                machine.type_into_it(block.text)


def follow(machine: Machine, block: Block, after: Block | None) -> None:
    """Type it; then what the page says must be seen."""
    typed = [INSTEAD.get(command, command) for command in block.commands if command not in NOT_TYPED]
    stdin = after.text if after is not None and after.kind == "text typed" and "/dev/stdin" in block.text else ""
    expected = machine.here(after.text) if after is not None and after.kind == "text" else ""
    *doing, last = typed or [":"]
    if not _LOOKING.fullmatch(last):
        doing, last = typed, ":"
    code, said = machine.type("\n".join(doing), stdin)
    where = f"{block.page}:{block.line}"
    assert code == 0, f"{where}\n{said}"
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        code, more = machine.type(last)
        missing = shows(expected, said + more) if expected else ("" if code == 0 else "success")
        if not missing:
            return
        assert time.monotonic() < end, f"{where}: {missing!r} is not shown, but:\n{said}{more}"
        # Each look is an interpreter that starts: looking all the time takes the time from what is looked for.
        time.sleep(1)
