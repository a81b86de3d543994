"""No container engine runs here, so the compose file, the Dockerfile and their configuration are held against each other and against the model."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from channels.mail.settings import MailSettings, host_and_port
from gateway.assembly import STOP_SECONDS
from gateway.config import Config, load
from gateway.secrets import Resolved

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
GATEWAY, POSTGRES = SERVICES["gateway"], SERVICES["postgres"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
MOUNTED = ROOT / "docs" / "compose" / "gateway.toml"


def instructions(word: str) -> list[str]:
    """What stands after this word of the Dockerfile."""
    return re.findall(rf"(?m)^{word} (.+)$", DOCKERFILE.replace("\\\n", " "))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The mounted configuration, with the secrets that compose would mount."""
    text = MOUNTED.read_text(encoding="utf-8")
    for name in COMPOSE["secrets"]:
        (tmp_path / name).write_text(name * 4, encoding="utf-8")
    (tmp_path / "gateway.toml").write_text(text.replace("/run/secrets/", f"{tmp_path}/"), encoding="utf-8")
    return load(tmp_path / "gateway.toml", {})


def test_the_gateway_is_given_the_secrets_that_its_configuration_reads() -> None:
    assert set(re.findall(r'file = "/run/secrets/([^"]+)"', MOUNTED.read_text(encoding="utf-8"))) == set(GATEWAY["secrets"])


def test_every_secret_is_a_file_outside_the_repository() -> None:
    assert {name for service in SERVICES.values() for name in service.get("secrets", [])} == set(COMPOSE["secrets"])
    for secret in COMPOSE["secrets"].values():
        assert secret["file"].startswith("./secrets/")
    assert "/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").split()


def test_both_sides_mean_the_same_database(config: Config) -> None:
    address = config.store.address(config.data_dir)
    environment = POSTGRES["environment"]
    password = Path(environment["POSTGRES_PASSWORD_FILE"])
    assert password == Path("/run/secrets") / POSTGRES["secrets"][0]
    assert address == f"postgresql+asyncpg://{environment['POSTGRES_USER']}:{password.name * 4}@postgres/{environment['POSTGRES_DB']}"
    assert isinstance(address, str)
    assert not isinstance(address, Resolved)


def test_the_published_ports_are_those_that_are_listened_on(config: Config) -> None:
    port = config.listen.public.port
    mail = config.channels["mail"].settings
    assert isinstance(mail, MailSettings)
    assert mail.smtp
    assert mail.smtp.listen
    host, smtp = host_and_port(mail.smtp.listen)
    # From outside the container its loopback cannot be reached.
    assert config.listen.public.host == host == "0.0.0.0"  # noqa: S104
    assert GATEWAY["ports"] == [f"127.0.0.1:8080:{port}", f"127.0.0.1:2525:{smtp}"]
    assert str(port) in GATEWAY["healthcheck"]["test"][-1]
    assert instructions("EXPOSE") == [f"{port} {smtp}"]


def test_a_proxy_on_the_machine_is_believed_and_no_other_container(config: Config) -> None:
    [network] = COMPOSE["networks"]["default"]["ipam"]["config"]
    assert config.trusted_proxies == (network["gateway"],)


def test_the_configuration_is_mounted_where_the_gateway_looks(config: Config) -> None:
    environment = dict(pair.split("=", 1) for line in instructions("ENV") for pair in shlex.split(line))
    mounts = dict(volume.split(":")[:2] for volume in GATEWAY["volumes"])
    assert mounts == {"./docs/compose/gateway.toml": environment["NO_WRONG_DOOR_CONFIG"], "journal": str(config.data_dir)}
    assert instructions("VOLUME") == [str(config.data_dir)]


def test_the_data_are_in_named_volumes() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service["volumes"] if not volume.startswith(".")}
    assert used == set(COMPOSE["volumes"])


def test_the_container_may_do_little() -> None:
    assert GATEWAY["read_only"] is True
    assert GATEWAY["cap_drop"] == ["ALL"]
    assert instructions("USER") == ["gateway"]
    assert "depends_on" not in GATEWAY, "accepting goes on while the store is away"


def test_stopping_waits_longer_than_the_gateway_does() -> None:
    assert int(GATEWAY["stop_grace_period"].removesuffix("s")) > 2 * STOP_SECONDS


def test_the_image_holds_what_the_lock_says_and_only_our_packages() -> None:
    assert any("--require-hashes" in line and "--only-binary=:all:" in line and "requirements.lock" in line for line in instructions("RUN"))
    sources = [line.split()[0] for line in instructions("COPY")]
    assert sources == ["requirements.lock", "gateway", "channels", "normalizer"]
    assert [source for source in sources if not (ROOT / source).exists()] == []
