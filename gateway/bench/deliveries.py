"""What the load consists of: signed webhooks as raw HTTP, made before the clock runs, so that the client costs little while it does."""

from __future__ import annotations

import pickle
from pathlib import Path
from urllib.parse import urlencode

from gateway.demo.twilio import Twilio

ACCOUNT, TOKEN = "AC" + "0" * 32, "only for measuring, on loopback"
PUBLIC = "https://ukur.example"
_DOOR = "/in/sms/message"


def write(file: Path, first: int, count: int) -> None:
    """Deliveries number `first` and following, each of another citizen's report, as a list of bytes."""
    twilio = Twilio(ACCOUNT, TOKEN)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(pickle.dumps([_one(twilio, i) for i in range(first, first + count)]))


def _one(twilio: Twilio, i: int) -> bytes:
    text = f"PPU jalan poros Girimukti berlubang besar dekat SDN {i % 900:03d}, sudah dua motor jatuh minggu ini"
    params, headers = twilio.incoming(PUBLIC + _DOOR, from_=f"+62812{i % 10**8:08d}", to="1708", body=text, sid=f"SM{i:032x}")
    body = urlencode(params).encode()
    lines = [f"POST {_DOOR} HTTP/1.1", "Host: ukur.example", f"Content-Length: {len(body)}", *(f"{name}: {said}" for name, said in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body
