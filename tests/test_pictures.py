"""Citizens' photos, and files that only say so: what is shown afterwards, and what stays behind."""

from __future__ import annotations

import asyncio
import io
import os
import resource
import signal
import struct
import sys
import zipfile
import zlib
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image, ImageOps
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import IFDRational

from gateway.blobs import Blobs
from gateway.picture_process import position
from gateway.pictures import NotAPicture, Picture, Pictures, understood

MAKER = "Erika Mustermann's telephone"
SURNAME = b"Mustermann"
RED, BLUE = (200, 30, 30), (30, 30, 200)
# Degrees, minutes, seconds, as a telephone writes them.
GPS: dict[int, Any] = {1: "N", 2: (40.0, 25.0, 0.48), 3: "E", 4: (3.0, 42.0, 13.92)}
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


async def once(content: bytes) -> AsyncIterator[bytes]:
    yield content


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


async def cleaned(blobs: Blobs, content: bytes, seconds: float = 60) -> Picture:
    digest, _ = await blobs.keep(once(content))
    return await Pictures(blobs, seconds=seconds).clean(digest)


def shown(blobs: Blobs, picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(blobs.path(picture.digest).read_bytes()))


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if not path.is_dir()]


def street(width: int = 64, height: int = 32, mode: str = "RGB") -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (image.width // 2, 0, image.width, image.height))
    return image.convert(mode)


def encoded(image: Image.Image, kind: str = "JPEG", **how: Any) -> bytes:  # noqa: ANN401
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def exif(gps: dict[int, Any], orientation: int = 1) -> Image.Exif:
    table = Image.Exif()
    table[ExifTags.Base.Make] = MAKER
    table[ExifTags.Base.Orientation] = orientation
    table.get_ifd(ExifTags.IFD.GPSInfo).update(gps)
    return table


def close(colour: object, wanted: tuple[int, int, int]) -> bool:
    assert isinstance(colour, tuple)
    return all(abs(one - other) < 12 for one, other in zip(colour[:3], wanted, strict=True))


def monochrome(side: int) -> bytes:
    """A PNG of that side, of which no more than a row is ever in memory here."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    deflate = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    body = b"".join([deflate.compress(row) for _ in range(side)]) + deflate.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as members:
        members.writestr("payload.exe", b"MZ" + bytes(100))
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_a_photo_says_where_it_was_taken_and_what_is_shown_does_not(blobs: Blobs, kind: str) -> None:
    original = encoded(street(), kind, exif=exif(GPS))
    assert SURNAME in original
    picture = await cleaned(blobs, original)
    assert picture.position is not None
    assert (picture.position.latitude, picture.position.longitude) == pytest.approx((40.4168, 3.7038667), abs=1e-5)
    raw = blobs.path(picture.digest).read_bytes()
    assert picture.size == len(raw)
    assert SURNAME not in raw
    assert b"Exif" not in raw
    image = shown(blobs, picture)
    assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (64, 32), {})


async def test_no_name_survives_in_a_comment_a_profile_or_a_note_of_an_editor(blobs: Blobs) -> None:
    original = encoded(street(), comment=SURNAME, icc_profile=SURNAME, xmp=b"<x:xmpmeta>" + SURNAME + b"</x:xmpmeta>")
    assert original.count(SURNAME) == 3
    picture = await cleaned(blobs, original)
    assert SURNAME not in blobs.path(picture.digest).read_bytes()
    assert set(shown(blobs, picture).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
async def test_a_drawing_with_a_text_beside_it_loses_the_text(blobs: Blobs, mode: str) -> None:
    said = PngInfo()
    said.add_text("Author", MAKER)
    said.add_itxt("Comment", MAKER, zip=False)
    image = street(mode=mode)
    if mode == "RGBA":
        image.putalpha(100)
    original = encoded(image, "PNG", pnginfo=said, icc_profile=SURNAME)
    assert SURNAME in original
    picture = await cleaned(blobs, original)
    assert SURNAME not in blobs.path(picture.digest).read_bytes()
    assert not {"Author", "Comment", "icc_profile"} & set(shown(blobs, picture).info)


@pytest.mark.parametrize("orientation", range(1, 9))
async def test_a_photo_taken_sideways_is_shown_upright(blobs: Blobs, orientation: int) -> None:
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(encoded(street(), exif=exif({}, orientation)))))
    picture = await cleaned(blobs, encoded(street(), exif=exif({}, orientation)))
    image = shown(blobs, picture)
    assert (picture.width, picture.height) == image.size == expected.size
    for corner in [(2, 2), (image.width - 3, image.height - 3)]:
        pixel = expected.getpixel(corner)
        assert isinstance(pixel, tuple)
        assert close(image.getpixel(corner), (int(pixel[0]), int(pixel[1]), int(pixel[2])))


async def test_south_and_west_are_not_north_and_east(blobs: Blobs) -> None:
    gps = {1: "S", 2: (22.0, 54.0, 24.12), 3: "W", 4: (43.0, 10.0, 22.44)}
    picture = await cleaned(blobs, encoded(street(), exif=exif(gps)))
    assert picture.position is not None
    assert (picture.position.latitude, picture.position.longitude) == pytest.approx((-22.9067, -43.1729), abs=1e-5)


@pytest.mark.parametrize(
    "gps",
    [
        pytest.param({}, id="no table"),
        pytest.param(GPS | {2: (IFDRational(40, 0), 25.0, 0.0)}, id="degrees over nothing"),
        pytest.param(GPS | {4: (3.0, 42.0, IFDRational(0, 0))}, id="nothing over nothing"),
        pytest.param(GPS | {2: (91.0, 0.0, 0.0)}, id="beyond the pole"),
        pytest.param(GPS | {4: (180.0, 0.0, 1.0)}, id="beyond the date line"),
        pytest.param(GPS | {2: (40.0, 75.0, 0.0)}, id="seventy-five minutes"),
        pytest.param(GPS | {2: (40.0, 25.0)}, id="two numbers"),
        pytest.param(GPS | {2: 40.0}, id="one number"),
        pytest.param(GPS | {1: "X"}, id="neither north nor south"),
        pytest.param({tag: value for tag, value in GPS.items() if tag != 3}, id="neither east nor west"),
        pytest.param(GPS | {2: (0.0, 0.0, 0.0), 4: (0.0, 0.0, 0.0)}, id="a camera without a fix"),
    ],
)
async def test_a_position_that_makes_no_sense_is_none_and_the_photo_is_shown(blobs: Blobs, gps: dict[int, Any]) -> None:
    assert (await cleaned(blobs, encoded(street(), exif=exif(gps)))).position is None


@pytest.mark.parametrize("angle", [None, "forty", b"40", (40.0, None, 0.0), (float("nan"), 0.0, 0.0), (float("inf"), 0.0, 0.0), (40.0, 0.0, -1.0)])
def test_what_no_telephone_writes_is_no_position(angle: object) -> None:
    assert position(GPS | {2: angle}) is None


@pytest.mark.parametrize("table", [b"Exif\0\0", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + bytes(range(256)), b"Exif\0\0II*\0\xff\xff\xff\xff"])
async def test_a_broken_table_makes_no_photo_worse_than_one_without(blobs: Blobs, table: bytes) -> None:
    picture = await cleaned(blobs, encoded(street(), exif=table))
    assert (picture.width, picture.height, picture.position) == (64, 32, None)


async def test_a_large_photo_is_shown_smaller_and_a_small_one_as_it_is(blobs: Blobs) -> None:
    large = await cleaned(blobs, encoded(street(8000, 6000)))
    assert (large.width, large.height) == (2048, 1536)
    panorama = await cleaned(blobs, encoded(street(9000, 300), "PNG"))
    assert (panorama.width, panorama.height) == (2048, 68)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
async def test_what_was_transparent_stays_so(blobs: Blobs, kind: str) -> None:
    image = street(mode="RGBA")
    image.putpixel((0, 0), (0, 0, 0, 0))
    redrawn = shown(blobs, await cleaned(blobs, encoded(image, kind, lossless=True)))
    assert (redrawn.format, redrawn.getpixel((0, 0)), redrawn.getpixel((5, 5))) == ("PNG", (0, 0, 0, 0), (*RED, 255))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
async def test_a_picture_of_any_depth_is_shown(blobs: Blobs, mode: str) -> None:
    # Half black, half white: what every depth can say.
    image = Image.new("L", (64, 32))
    image.paste(255, (32, 0, 64, 32))
    deep = Image.frombytes("I;16", (64, 32), b"".join(b"\0\0" * 32 + b"\xff\xff" * 16 + b"\0\x80" * 16 for _ in range(32)))
    redrawn = shown(blobs, await cleaned(blobs, encoded(deep if mode == "I;16" else image.convert(mode), "PNG")))
    assert redrawn.format == "JPEG"
    assert close(redrawn.getpixel((4, 4)), (0, 0, 0))
    assert close(redrawn.getpixel((40, 4)), (255, 255, 255))
    assert close(redrawn.getpixel((60, 4)), (128, 128, 128) if mode == "I;16" else (255, 255, 255))


@pytest.mark.parametrize("mode", ["L", "CMYK"])
async def test_a_photo_of_a_printer_or_without_colour_is_shown(blobs: Blobs, mode: str) -> None:
    assert shown(blobs, await cleaned(blobs, encoded(street(mode=mode)))).mode == "RGB"


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "MPO"])
async def test_of_a_moving_picture_the_first_frame_is_shown_and_no_other(blobs: Blobs, kind: str) -> None:
    first, second = Image.new("RGB", (64, 32), RED), Image.new("RGB", (64, 32), BLUE)
    image = shown(blobs, await cleaned(blobs, encoded(first, kind, save_all=True, append_images=[second])))
    assert getattr(image, "n_frames", 1) == 1
    assert close(image.getpixel((5, 5)), RED)


@pytest.mark.parametrize("tail", [b"<script>alert(document.cookie)</script>", archive()], ids=["script", "archive"])
async def test_what_was_hidden_behind_a_photo_is_gone(blobs: Blobs, tail: bytes) -> None:
    picture = await cleaned(blobs, encoded(street()) + tail)
    raw = blobs.path(picture.digest).read_bytes()
    assert tail not in raw
    assert b"<script" not in raw
    assert not zipfile.is_zipfile(io.BytesIO(raw))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<!doctype html><script>alert(1)</script>", id="a page"),
        pytest.param(b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', id="a drawing that is a program"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) (w) file\n", id="a printer's program"),
        pytest.param(encoded(street(), "GIF"), id="a format that is not shown"),
        pytest.param(encoded(street(), "TIFF"), id="a format of scanners"),
        pytest.param(b"\xff\xd8\xff\xe0" + bytes(1000), id="only the beginning of a photo"),
        pytest.param(b"RIFF\x10\0\0\0WEBPVP8X" + bytes(100), id="only the beginning of a picture of the web"),
        pytest.param(encoded(street(), "PNG")[:90], id="half a drawing"),
    ],
)
async def test_a_file_that_only_says_it_is_a_photo_is_not_shown(blobs: Blobs, tmp_path: Path, content: bytes) -> None:
    with pytest.raises(NotAPicture, match=r"^not an image$"):
        await cleaned(blobs, content)
    assert [path.read_bytes() for path in files(tmp_path)] == [content]


async def test_a_photo_cut_off_at_any_place_hurts_nobody(blobs: Blobs) -> None:
    original = encoded(Image.effect_noise((200, 200), 80), exif=exif(GPS))
    for end in range(1, len(original), len(original) // 12):
        with suppress(NotAPicture):
            await cleaned(blobs, original[:end])


async def test_a_small_file_that_unfolds_to_400_megapixels_costs_the_gateway_nothing(blobs: Blobs) -> None:
    bomb = monochrome(20_000)
    assert len(bomb) < 60_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(NotAPicture, match=r"^too large an image$"):
        await cleaned(blobs, bomb)
    # KiB: at eight bits a pixel it would have been 400 000.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32_000


async def test_a_little_over_what_is_allowed_is_too_large_as_well(blobs: Blobs) -> None:
    assert (await cleaned(blobs, monochrome(7_900))).width == 2048
    with pytest.raises(NotAPicture, match=r"^too large an image$"):
        await cleaned(blobs, monochrome(8_100))


async def test_a_photo_that_takes_too_long_is_given_up(blobs: Blobs, tmp_path: Path) -> None:
    original = encoded(street())
    with pytest.raises(NotAPicture, match=r"^took too long$"):
        await cleaned(blobs, original, seconds=0.01)
    assert [path.read_bytes() for path in files(tmp_path)] == [original]


def endless(blobs: Blobs, digest: str = "ff" * 32) -> Path:
    """A file whose reader waits for ever."""
    path = blobs.path(digest)
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    return path


def pid_of_who_reads(path: Path) -> int:
    """The process that has this path among its arguments."""
    for said in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if os.fsencode(path) in said.read_bytes().split(b"\0"):
                return int(said.parent.name)
    raise AssertionError("nobody reads it")


async def test_whoever_stops_waiting_leaves_no_process_and_no_file(blobs: Blobs, tmp_path: Path) -> None:
    path = endless(blobs)
    waiting = asyncio.create_task(Pictures(blobs).clean(path.name))
    # Comes back when the process has begun to read.
    writer = await asyncio.to_thread(os.open, path, os.O_WRONLY)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    with pytest.raises(BrokenPipeError):
        os.write(writer, b"Is anybody there?")
    os.close(writer)
    assert files(tmp_path) == [path]


@on_linux
@pytest.mark.parametrize(("ended_by", "wanted"), [(signal.SIGSEGV, NotAPicture), (signal.SIGKILL, NotAPicture), (signal.SIGTERM, OSError)])
async def test_a_decoder_that_crashes_is_the_photos_fault_and_one_that_was_stopped_is_not(
    blobs: Blobs, ended_by: signal.Signals, wanted: type[Exception]
) -> None:
    path = endless(blobs)
    waiting = asyncio.create_task(Pictures(blobs).clean(path.name))
    writer = await asyncio.to_thread(os.open, path, os.O_WRONLY)
    os.kill(pid_of_who_reads(path), ended_by)
    with pytest.raises(wanted):
        await waiting
    os.close(writer)


def environment(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


@on_linux
async def test_what_opens_strangers_photos_knows_no_secret(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_TOKEN", "a secret of ours")
    path = endless(blobs)
    waiting = asyncio.create_task(Pictures(blobs).clean(path.name))
    writer = await asyncio.to_thread(os.open, path, os.O_WRONLY)
    known = environment(pid_of_who_reads(path))
    os.close(writer)
    with pytest.raises(NotAPicture):
        await waiting
    assert b"PYTHONPATH=" in known
    assert b"secret" not in known


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"<script>",
        b"[" * 1000,
        b'{"width": 64}',
        b'{"width": 1e999, "height": 32, "latitude": null, "longitude": null}',
        b'{"width": 64, "height": 0, "latitude": null, "longitude": null}',
        b'{"width": 64, "height": 32, "latitude": NaN, "longitude": 3.7}',
        b'{"width": 64, "height": 32, "latitude": 40.4, "longitude": "<script>"}',
        b'{"width": 64, "height": 32, "latitude": 40.4, "longitude": 200}',
    ],
)
def test_a_process_that_a_photo_took_over_is_not_believed(said: bytes) -> None:
    with pytest.raises(NotAPicture, match=r"^not an image$"):
        understood(0, said)


def test_an_interpreter_that_does_not_start_is_no_photos_fault() -> None:
    with pytest.raises(OSError, match="does not work"):
        understood(1, b"")


async def test_a_full_disk_and_a_missing_file_are_no_photos_fault(blobs: Blobs, tmp_path: Path) -> None:
    digest, _ = await blobs.keep(once(encoded(street())))
    with pytest.raises(OSError, match="nearly full"):
        await Pictures(Blobs(tmp_path / "blobs", min_free_bytes=2**62)).clean(digest)
    with pytest.raises(OSError, match="disk full"):
        await Pictures(blobs).clean(digest[:2] + "f" * 62)
    with pytest.raises(FileNotFoundError):
        await Pictures(Blobs(tmp_path / "elsewhere")).clean(digest)
