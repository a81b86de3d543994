"""One file, and every mistake in it said at once, in sentences that a non-specialist can act on."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import SecretStr

from gateway import directory
from gateway.config import Config, Mistakes, find, load
from gateway.config_blocks import Endpoint, StoreBlock
from tools.example_config import example

ROOT = Path(__file__).parent.parent
LEAST = 'name = "Lapor PPU"\npublic_urls = ["https://lapor.example/"]\n'
CHANNEL = '[channels.city-sms]\nkind = "twilio-sms"\naccount_sid = "AC00000000000000000000000000000000"\n'
ENVIRON = {
    "DEPLOYMENT_KEY": "k" * 32,
    "OPERATORS_TOKEN": "o" * 32,
    "STORE_URL": "postgresql+asyncpg://gateway:hunter2@db/gateway",
    "ACCOUNT_SID": "AC" + "0" * 32,
    "AUTH_TOKENS": "a-token",
    "TOKEN": "700100:a-token",
    "MESSAGING_SERVICE_SID": "MG" + "0" * 32,
    "REGION": "64.09",
    "AUTHSERV_ID": "mx.ppu.example",
    "CA": "-----BEGIN CERTIFICATE-----",
    "PASSWORD": "hunter2",
    "REFRESH_TOKEN": "a-token",
    "CLIENT_SECRET": "another",
}


def loaded(tmp_path: Path, text: str) -> Config:
    """Read the text as a file, with a full environment."""
    file = tmp_path / "gateway.toml"
    file.write_text(text, encoding="utf-8")
    return load(file, ENVIRON)


def mistakes(tmp_path: Path, text: str) -> list[str]:
    """What is said about this text."""
    with pytest.raises(Mistakes) as caught:
        loaded(tmp_path, text)
    return caught.value.sentences


def test_a_name_and_an_address_are_enough(tmp_path: Path) -> None:
    config = loaded(tmp_path, LEAST)
    assert config.public_urls == ("https://lapor.example",)
    assert config.data_dir == tmp_path / "data"
    assert config.store.address(config.data_dir) == f"sqlite+aiosqlite:///{tmp_path}/data/store.db"
    assert config.listen.public == Endpoint("127.0.0.1", 8080)


def test_without_agencies_the_deployment_itself_owns_every_case(tmp_path: Path) -> None:
    config = loaded(tmp_path, LEAST)
    assert config.coordinator == "coordinator"
    assert [agency.name for agency in config.directory] == ["Lapor PPU"]


def test_every_mistake_is_said_at_once(tmp_path: Path) -> None:
    said = mistakes(
        tmp_path,
        'nama = "x"\nzone = "Kaltim"\n[outbox]\nlease_seconds = 5\nretry_minutes = [1, -5]\n[listen]\npublic = "8080"\n'
        + CHANNEL
        + 'auth_token = { env = "AUTH_TOKENS" }\n[channels."City SMS"]\nkind = "twilio-sms"\nauth_token = 3\n[channels.pigeon]\nkind = "pigeon"\n',
    )
    assert {sentence.partition(": ")[0] for sentence in said} == {
        "name",
        "nama",
        "zone",
        "public_urls",
        "outbox.lease_seconds",
        "outbox.retry_minutes[1]",
        "listen.public",
        "channels.city-sms.auth_tokens",
        "channels.city-sms.auth_token",
        "channels.City SMS",
        "channels.City SMS.account_sid",
        "channels.City SMS.auth_tokens",
        "channels.City SMS.auth_token",
        "channels.pigeon.kind",
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(LEAST + "zon = 3", r"zon: is not known here\. Did you mean zone\?", id="nearly a key"),
        pytest.param(LEAST + "[outbox]\nxyz = 3", r"outbox\.xyz: is not known here\. Known: concurrent_sends, .*", id="no key at all"),
        pytest.param(
            LEAST + CHANNEL + 'auth_tokens = [{ env = "AUTH_TOKENS" }]\nkinds = 1',
            r"channels\.city-sms\.kinds: is not known here\. Did you mean kind\?",
            id="nearly a key of every channel",
        ),
        pytest.param(LEAST + "journal = 3", r"journal: should be a table\.", id="a value for a table"),
        pytest.param(LEAST + "channels = 3", r"channels: should be a table\.", id="a value for the channels"),
        pytest.param(LEAST + "[channels]\nsms = 3", r"channels\.sms: should be a table: \[channels\.sms\]", id="a value for a channel"),
        pytest.param(LEAST + 'country = "Indonesia"', r"country: is not written as it should be\. Two capital letters .*", id="a country's name"),
        pytest.param(LEAST + "[outbox]\nretry_minutes = 3", r"outbox\.retry_minutes: should be a list\. Minutes .*", id="a number for a list"),
        pytest.param(
            LEAST + CHANNEL + 'auth_tokens = [{ env = "AUTH_TOKENS" }]\nfrom_numbers = { sms = "+62-812" }',
            r"channels\.city-sms\.from_numbers\.sms: is not written as it should be\. what we send from: .*",
            id="one of many",
        ),
        pytest.param(LEAST + '[health]\ntoken = { env = "REGION" }', r"health\.token: is too short, it needs at least 20\. .*", id="a token to be guessed"),
        pytest.param(LEAST + 'languages = ["id", "xx"]', r"languages: there are no texts in xx; there are in en, id\.", id="a language without texts"),
        pytest.param(LEAST.replace("https", "http"), r"public_urls: http://lapor\.example/ should begin with https:// .*", id="an open connection"),
        pytest.param(LEAST + "[intake]\nread_seconds = inf", r"intake\.read_seconds: should be a finite number\. Seconds .*", id="for ever"),
        pytest.param(LEAST + '[store]\nurl = "mysql://db"', r"store\.url: should begin with sqlite.*", id="another database"),
        pytest.param(LEAST + '[store]\nurl = "sqlite+aiosqlite://"', r"store\.url: names no file, .*", id="a store that forgets"),
        pytest.param(
            LEAST + '[store]\nurl = "postgresql+asyncpg://g@db/g"',
            r"deployment_key: is missing\. Nodes that share .*",
            id="nodes that would give other numbers",
        ),
        pytest.param(
            LEAST + '[listen]\npublic = "127.0.0.1:8090"\noperators = "127.0.0.1:8090"',
            r"listen\.operators: 127\.0\.0\.1:8090 is listen\.public already\..*",
            id="two doors at one port",
        ),
        pytest.param("name = Lapor PPU", r".* is not TOML: .* Words stand in quotation marks .*", id="words without quotes"),
        pytest.param(LEAST + '[[agencies]]\ncode = "a"\nname = "A"', r"agencies: exactly one agency must have coordinator = true.*", id="nobody coordinates"),
        pytest.param(
            LEAST + '[[agencies]]\ncode = "a"\nname = "A"\n[[agencies]]\ncode = "a"\nname = "B"',
            r"agencies: the code a is there twice\.",
            id="one code, two agencies",
        ),
    ],
)
def test_a_mistake_says_what_to_do(tmp_path: Path, text: str, sentence: str) -> None:
    said = mistakes(tmp_path, text)
    assert len(said) == 1
    assert re.fullmatch(sentence, said[0])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param('deployment_key = "' + "k" * 32 + '"', "deployment_key: is a secret and must not stand in this file", id="openly"),
        pytest.param('deployment_key = { env = "NOWHERE" }', "deployment_key: the environment variable NOWHERE is not set.", id="not in the environment"),
        pytest.param('deployment_key = { file = "nowhere" }', "/nowhere cannot be read: No such file or directory.", id="not a file"),
        pytest.param('deployment_key = { file = "empty" }', "deployment_key: empty is there, but empty.", id="an empty file"),
        pytest.param('deployment_key = { env = "A", file = "b" }', "one of the two.", id="two places"),
        pytest.param('deployment_key = { env = "AUTH_TOKENS" }', "deployment_key: is too short, it needs at least 32.", id="easy to guess"),
        pytest.param('[store]\nurl = "postgresql+asyncpg://g:hunter2@db/g"', "store.url: has a password in it", id="inside an address"),
        pytest.param(
            CHANNEL + 'auth_tokens = [{ env = "AUTH_TOKENS" }, "hunter2"]', "channels.city-sms.auth_tokens[1]: is a secret", id="in a list of a channel"
        ),
    ],
)
def test_a_secret_that_is_not_where_it_should_be_is_a_mistake(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "empty").touch()
    said = mistakes(tmp_path, LEAST + text)
    assert any(sentence in line for line in said)
    assert "hunter2" not in "".join(said)


def test_secrets_come_from_the_environment_and_from_files_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s" * 40 + "\n", encoding="utf-8")
    config = loaded(tmp_path, LEAST + 'deployment_key = { file = "key" }\n[store]\nurl = { env = "STORE_URL" }\n')
    assert config.deployment_key == SecretStr("s" * 40)
    assert config.store.address(config.data_dir) == ENVIRON["STORE_URL"]


def test_a_password_of_its_own_joins_the_stores_address() -> None:
    store = StoreBlock(url="postgresql+asyncpg://gateway@db:5432/gateway?ssl=require", password=SecretStr("p@ss/word"))
    assert store.address(Path("data")) == "postgresql+asyncpg://gateway:p%40ss%2Fword@db:5432/gateway?ssl=require"


def test_what_is_shown_holds_no_secret(tmp_path: Path) -> None:
    text = LEAST + 'deployment_key = { env = "DEPLOYMENT_KEY" }\n[store]\nurl = { env = "STORE_URL" }\n' + CHANNEL + 'auth_tokens = [{ env = "AUTH_TOKENS" }]'
    config = loaded(tmp_path, text)
    for shown in (repr(config), str(config.shown())):
        assert not [secret for secret in ("hunter2", "a-token", "k" * 32) if secret in shown]
    assert config.shown()["channels"]["city-sms"]["settings"]["account_sid"] == ENVIRON["ACCOUNT_SID"]
    assert config.shown()["store"]["url"] == "postgresql+asyncpg://gateway:**********@db/gateway"


def test_a_file_that_is_not_toml_or_not_there_says_where(tmp_path: Path) -> None:
    assert "line 2" in mistakes(tmp_path, 'name = "x"\npublic_urls = \n')[0]
    with pytest.raises(Mistakes, match=r"nowhere\.toml cannot be read"):
        load(tmp_path / "nowhere.toml", {})


def test_the_command_line_comes_before_the_environment() -> None:
    environ = {"NO_WRONG_DOOR_CONFIG": "there.toml"}
    assert find(Path("here.toml"), environ) == Path("here.toml")
    assert find(None, environ) == Path("there.toml")
    assert find(None, {}) == Path("gateway.toml")


def test_the_example_shows_every_key() -> None:
    assert (ROOT / "gateway.example.toml").read_text(encoding="utf-8") == example(), "python -m tools.example_config > gateway.example.toml"


def test_the_example_is_right_as_it_stands_and_shows_the_defaults(tmp_path: Path) -> None:
    given = tomllib.loads(LEAST)
    assert loaded(tmp_path, example()) == Config(**given).model_copy(update={"data_dir": tmp_path / "data"})


def test_the_example_is_right_with_every_key_in_force(tmp_path: Path) -> None:
    everything = re.sub(r"(?m)^#(?! )", "", example())
    # SQLite has no users, and a mailbox is opened by a password or by a token.
    for block in ("store", "channels.mail.imap"):
        everything = re.sub(rf"(?s)(\n\[{block}\]\n.*?\n)password = [^\n]*\n", r"\1", everything, count=1)
    (tmp_path / "agencies.csv").write_text(directory.example(), encoding="utf-8")
    config = loaded(tmp_path, everything)
    assert config.coordinator == "diskominfo"
    assert list(config.channels) == ["twilio-sms", "mail", "web-form", "telegram"]
