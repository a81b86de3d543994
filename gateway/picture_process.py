"""The process that opens what strangers photographed: `python -P -m gateway.picture_process IN OUT`. It may crash, hang and be killed at any time."""

from __future__ import annotations

import ctypes
import io
import json
import os
import resource
import signal
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path

# The formats that may be opened, each imported by its name: else Pillow loads all that it knows to look for one.
from PIL import ExifTags, Image, ImageOps, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

FORMATS = tuple(plugin.format for plugin in (JpegImagePlugin.JpegImageFile, PngImagePlugin.PngImageFile, WebPImagePlugin.WebPImageFile))
# A picture that eats memory ends as a MemoryError of this process, not as a dead machine. Bytes.
MAX_MEMORY = 1024 * 1024 * 1024
# What a picture of MAX_SIDE can never need; whatever goes on writing ends there. Bytes.
MAX_OUT = 64 * 1024 * 1024
MAX_PIXELS = 64_000_000
# Enough to read a number plate across a street; pixels.
MAX_SIDE = 2048
QUALITY = 82

# How it ends (sysexits.h). Never 1: so ends an interpreter that did not get as far as to look at the file.
NOT_AN_IMAGE = os.EX_DATAERR
TOO_LARGE = os.EX_UNAVAILABLE
OUR_DISK = os.EX_IOERR


def position(gps: Mapping[int, object]) -> tuple[float, float] | None:
    """Degrees north and east; None: nothing that makes sense (Exif 2.32, 4.6.6: tags 1 to 4, each angle three rationals).

    >>> position({1: "S", 2: (33.0, 51.0, 30.0), 3: "E", 4: (151.0, 12.0, 54.0)})
    (-33.858333, 151.215)
    """
    try:
        found = _degrees(gps[1], gps[2], "NS", 90), _degrees(gps[3], gps[4], "EW", 180)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    # A camera without a fix says zero and zero; nobody complains from the Gulf of Guinea.
    return found if found != (0, 0) else None


def _degrees(reference: object, angle: object, signs: str, limit: int) -> float:
    """Raises ValueError or TypeError where it is no angle; a zero denominator is Pillow's NaN, which is in no range."""
    sign = {signs[0]: 1, signs[1]: -1}[str(reference).strip("\0 ").upper()]
    degrees, minutes, seconds = map(float, angle)  # type: ignore[call-overload]
    total = degrees + minutes / 60 + seconds / 3600
    if not (degrees >= 0 and 0 <= minutes <= 60 and 0 <= seconds <= 60 and total <= limit):  # noqa: PLR2004  # minutes and seconds of arc
        raise ValueError("no angle")
    # The sixth place is a hand's breadth.
    return float(round(sign * total, 6))


def told(image: Image.Image) -> tuple[int, tuple[float, float] | None]:
    """Which way up it was held, 1 to 8, and where. Broken EXIF makes no picture worse than one without."""
    try:
        exif = image.getexif()
        held = exif.get(ExifTags.Base.Orientation, 1)
        return int(held) if held in range(1, 9) else 1, position(exif.get_ifd(ExifTags.IFD.GPSInfo))
    except Exception:  # noqa: BLE001  # a stranger's table; Pillow raises whatever its parts do
        return 1, None


def redraw(original: bytes) -> tuple[bytes, dict[str, float | None]]:
    """The new file and what the gateway is told. Raises anything, if it is no picture.

    Colours are taken for sRGB: a profile carries names, and to apply it would be one more parser of strangers' bytes.
    """
    image = Image.open(io.BytesIO(original), formats=FORMATS)
    # A JPEG is decoded at a half, a quarter or an eighth, where that is enough.
    image.draft("RGB", (MAX_SIDE, MAX_SIDE))
    image.load()
    orientation, where = told(image)
    shown = _in_colour(image)
    # Writers take comments, profiles and more from here, unasked.
    shown.info = {}
    shown.thumbnail((MAX_SIDE, MAX_SIDE))
    # On a picture without any other EXIF: to turn it, Pillow writes the rest anew, and fails on what strangers put there.
    shown.getexif()[ExifTags.Base.Orientation] = orientation
    ImageOps.exif_transpose(shown, in_place=True)
    latitude, longitude = where or (None, None)
    return _encoded(shown), {"width": shown.width, "height": shown.height, "latitude": latitude, "longitude": longitude}


def _in_colour(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # 16 bits of grey, of which convert() would show all but the darkest as white.
        return image.convert("I").point(lambda value: value / 256).convert("L").convert("RGB")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _encoded(shown: Image.Image) -> bytes:
    new = io.BytesIO()
    # Most screenshots have an alpha channel that hides nothing.
    if shown.mode == "RGBA" and shown.getchannel("A").getextrema() != (255, 255):
        shown.save(new, "PNG")
    else:
        # EXIF would be taken from nowhere else, and the orientation has been applied.
        shown.convert("RGB").save(new, "JPEG", quality=QUALITY)
    return new.getvalue()


def confine() -> None:
    """From here on a picture can take little with it."""
    if sys.platform == "linux":
        # A picture that hangs it must not outlive a gateway that was killed (prctl(2), PR_SET_PDEATHSIG).
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_OUT, MAX_OUT))
    # A decoder that crashes would leave the citizen's photo in a core dump.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # An operator's log is no place for what a library finds in a photo; why it does not start at all has been said by now.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def attempt(original: bytes) -> tuple[bytes, dict[str, float | None]] | int:
    """As `redraw`; or how to end."""
    try:
        return redraw(original)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError, MemoryError):
        return TOO_LARGE
    except Exception:  # noqa: BLE001  # whatever a stranger's file makes a decoder raise
        return NOT_AN_IMAGE


def main(source: str, target: str) -> int:
    """Write `target`, and one line of JSON on stdout; or neither, and end with the code that says why."""
    confine()
    try:
        drawn = attempt(Path(source).read_bytes())
        if isinstance(drawn, int):
            return drawn
        new, said = drawn
        Path(target).write_bytes(new)
    except OSError:
        # What a decoder raised has been answered: this is reading and writing, and no photo's fault.
        return OUR_DISK
    sys.stdout.write(json.dumps(said) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
