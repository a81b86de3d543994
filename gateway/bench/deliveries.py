"""What the load consists of: signed webhooks and forms as raw HTTP, made before the clock runs, so that the client costs little while it does."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image

from channels.webform.tokens import new_key
from gateway import tracking
from gateway.bench.known import ACCOUNT, FORM, KEY, PUBLIC, SMS, TOKEN
from gateway.demo.twilio import Twilio

_BOUNDARY = "----batas-ukur"

# The n-th delivery.
Make = Callable[[int], bytes]


def write(file: Path, first: int, count: int, make: Make | None = None, *, times: int = 1) -> None:
    """Deliveries number `first` and following, each of another citizen's report, as a list of bytes; so many times over, for whoever keeps nothing."""
    make = make or webhooks()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(pickle.dumps([make(i) for i in range(first, first + count)] * times))


def webhooks() -> Make:
    """SMS as Twilio brings them."""
    return partial(_webhook, Twilio(ACCOUNT, TOKEN))


def forms() -> Make:
    """Forms with a photo of about 40 KB, as a browser sends them."""
    photo = io.BytesIO()
    Image.effect_noise((224, 224), 90).save(photo, "jpeg", quality=85)
    return partial(_form, photo.getvalue())


def text(i: int) -> str:
    """What is reported."""
    return f"PPU jalan poros Girimukti berlubang besar dekat SDN {i % 900:03d}, sudah dua motor jatuh minggu ini"


def _webhook(twilio: Twilio, i: int) -> bytes:
    params, headers = twilio.incoming(PUBLIC + SMS, from_=f"+62812{i % 10**8:08d}", to="1708", body=text(i), sid=f"SM{i:032x}")
    return _http(SMS, urlencode(params).encode(), headers)


def _form(photo: bytes, i: int) -> bytes:
    key = new_key(partial(tracking.sign, KEY, "wire"), datetime.now(UTC))
    said = {"kunci": key, "jenis": "pengaduan", "isi": text(i), "tempat": "Desa Giri Mukti"}
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in said.items()]
    parts.append(b'Content-Disposition: form-data; name="berkas"; filename="jalan.jpg"\r\nContent-Type: image/jpeg\r\n\r\n' + photo)
    body = b"".join(b"--%s\r\n%s\r\n" % (_BOUNDARY.encode(), part) for part in parts) + b"--%s--\r\n" % _BOUNDARY.encode()
    return _http(FORM, body, {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"})


def _http(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: ukur.example", f"Content-Length: {len(body)}", *(f"{name}: {said}" for name, said in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body
