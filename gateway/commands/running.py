"""How a command asks the gateway that runs: at its operators' listener, with its token. What goes wrong ends as a sentence and exit code 2."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse

from gateway.commands.console import fail
from gateway.config import Config
from gateway.operators import token_file

_PATIENCE_SECONDS = 15.0
# Listening on all addresses, it is here too.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # read, not listened on


@contextmanager
def asked(config: Config, method: str, path: str, patience_seconds: float = _PATIENCE_SECONDS) -> Iterator[HTTPResponse]:
    """Its answer, whatever it says, but for a token that it does not know."""
    host, port = config.listen.operators.host, config.listen.operators.port
    connection = HTTPConnection(_EVERYWHERE.get(host, host), port, timeout=patience_seconds)
    try:
        connection.request(method, path, headers={"Authorization": f"Bearer {_token(config)}"})
        answer = connection.getresponse()
        if answer.status == 401:  # noqa: PLR2004  # RFC 9110, 15.5.2
            fail(f"What answers at {config.listen.operators} does not know this token. Is it a gateway with another configuration?", 2)
        yield answer
    except PermissionError as error:
        fail(f"{error.filename} cannot be read by who types this. Type it as the user as whom the gateway runs.", 2)
    except (FileNotFoundError, ConnectionRefusedError):
        # No gateway was ever started here (it makes the token), or none is now.
        fail(f"Nobody answers at {config.listen.operators}: the gateway does not run. Start it (./run serve), then ask again.", 2)
    except (OSError, HTTPException, ValueError) as error:
        fail(f"Nobody answers at {config.listen.operators} ({type(error).__name__}). Is the gateway running?", 2)
    finally:
        connection.close()


def _token(config: Config) -> str:
    if config.health.token is not None:
        return config.health.token.get_secret_value()
    return token_file(config).read_text().strip()
