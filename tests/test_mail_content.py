"""Text and files of mails, whichever way mail programs wrap them. Each row is how some program really writes."""

# ruff: noqa: RUF001  # mails in many scripts

from __future__ import annotations

import binascii
import struct

import pytest

from channels.mail.incoming import Envelope, Incoming, read_incoming
from tests.mails import joined, mail, multipart, part

PDF = b"%PDF-1.4 " + bytes(range(256))
FOTO = "foto jalan.jpg"


def letter(raw: bytes) -> Incoming:
    """Read, with nothing known of the wire."""
    return read_incoming(raw, Envelope())


def words(text: str) -> str:
    """With single spaces."""
    return " ".join(text.split())


# ---- where the text is


@pytest.mark.parametrize(
    ("label", "raw", "text"),
    [
        ("plain", mail("Jalan rusak"), "Jalan rusak"),
        ("lines end in LF", mail("Jalan\nrusak").replace(b"\r\n", b"\n"), "Jalan rusak"),
        ("lines end in CR", mail("Jalan\nrusak").replace(b"\r\n", b"\r"), "Jalan rusak"),
        ("a mailbox file's first line", b"From siti@warga.example Mon Mar  2 10:00:00 2026\r\n" + mail("Jalan rusak"), "Jalan rusak"),
        ("an editor's mark before it all", b"\xef\xbb\xbf\r\n" + mail("Jalan rusak"), "Jalan rusak"),
        ("plain and HTML", multipart(part("text/plain", "Jalan rusak"), part("text/html", "<p>Jalan <b>rusak</b></p>"), kind="alternative"), "Jalan rusak"),
        (
            "HTML only",
            mail("<html><head><title>x</title><style>p {}</style></head><body><p>Jalan<br>rusak</p></body>", Content_Type="text/html"),
            "Jalan rusak",
        ),
        ("an empty plain part beside HTML", multipart(part("text/plain", " \r\n"), part("text/html", "<p>Jalan rusak"), kind="alternative"), "Jalan rusak"),
        (
            "a plain part that only says to look elsewhere",
            multipart(part("text/plain", "Your mail program shows no HTML."), part("text/html", "<p>" + "Jalan rusak di Waru. " * 20), kind="alternative"),
            words("Jalan rusak di Waru. " * 20),
        ),
        ("text before and after a photo", multipart(part("text/plain", "Jalan"), part("image/png", b"x"), part("text/plain", "rusak")), "Jalan rusak"),
        ("text beside text in an alternative", multipart(part("text/plain", "Jalan"), part("text/plain", "rusak"), kind="alternative"), "Jalan rusak"),
        ("a kind of text that nobody knows", multipart(part("text/x-catatan", "Jalan rusak")), "Jalan rusak"),
        ("the same words twice", multipart(part("text/plain", "Jalan rusak"), part("text/html", "<p>Jalan rusak</p>")), "Jalan rusak"),
        (
            "HTML with its pictures",
            multipart(part("text/html", '<p>Jalan <img src="cid:1"> rusak'), part("image/png; name=a.png", b"x", Content_ID="<1>"), kind="related"),
            "Jalan rusak",
        ),
        ("signed", multipart(part("text/plain", "Jalan rusak"), part("application/pgp-signature; name=signature.asc", "x"), kind="signed"), "Jalan rusak"),
        ("a mail inside a mail", multipart(part("text/plain", "Jalan"), part("message/rfc822", mail("rusak"))), "Jalan rusak"),
        (
            "a mail as a file is not the text",
            multipart(part("text/plain", "Jalan rusak"), part("message/rfc822", mail("x"), Content_Disposition="attachment")),
            "Jalan rusak",
        ),
        ("only a mail as a file", multipart(part("message/rfc822", mail("Jalan rusak"), Content_Disposition="attachment")), "Jalan rusak"),
        ("a digest", multipart(b"\r\n" + mail("Jalan"), b"\r\n" + mail("rusak"), kind="digest"), "Jalan rusak"),
        (
            "a text that came as a file and nothing else",
            mail("Jalan rusak", Content_Type="text/plain; name=a.txt", Content_Disposition="attachment"),
            "Jalan rusak",
        ),
        ("no boundary is ever drawn", mail("Jalan rusak", Content_Type="multipart/mixed; boundary=xyz"), "Jalan rusak"),
        ("a boundary is missing altogether", mail("Jalan rusak", Content_Type="multipart/mixed"), "Jalan rusak"),
        ("the last boundary is missing", multipart(part("text/plain", "Jalan rusak")).replace(b"--bdy--", b""), "Jalan rusak"),
        ("a part goes on behind the last boundary", multipart(part("text/plain", "Jalan")) + b"--bdy\r\n\r\nrusak", "Jalan rusak"),
        ("spaces behind the boundary", multipart(part("text/plain", "Jalan rusak")).replace(b"--bdy\r\n", b"--bdy  \t\r\n"), "Jalan rusak"),
        (
            "one boundary begins as the other",
            multipart(
                joined(part("text/plain", "Jalan"), boundary=b"bdy-1").join([b"Content-Type: multipart/mixed; boundary=bdy-1\r\n\r\n", b""]),
                part("text/plain", "rusak"),
            ),
            "Jalan rusak",
        ),
        ("the blank line behind the head has a space", mail("Jalan rusak").replace(b"\r\n\r\n", b"\r\n \r\n", 1), "Jalan rusak"),
        ("the blank line behind the head is missing", b"From: a@b.example\r\nSubject: x\r\nJalan rusak, tolong\r\n", "Jalan rusak, tolong"),
        ("no head at all", b"Jalan rusak, tolong\r\nsegera", "Jalan rusak, tolong segera"),
        ("flowed", mail("Jalan \nrusak \nberat", Content_Type="text/plain; format=flowed"), "Jalan rusak berat"),
        (
            "clear-signed by PGP",
            mail("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nJalan\n- - rusak\n-----BEGIN PGP SIGNATURE-----\n\nabc=\n-----END PGP SIGNATURE-----\n"),
            "Jalan - rusak",
        ),
        (
            "below a signature that never ends",
            mail("-----BEGIN PGP SIGNED MESSAGE-----\n\nJalan rusak.\n-----BEGIN PGP SIGNATURE-----\n\nabc=\nLampu mati juga.\n"),
            "Jalan rusak. -----BEGIN PGP SIGNATURE----- abc= Lampu mati juga.",
        ),
        (
            "in the middle of a signature",
            mail("-----BEGIN PGP SIGNED MESSAGE-----\n\nJalan rusak.\n-----BEGIN PGP SIGNATURE-----\n\nabc=\nLampu mati juga.\n-----END PGP SIGNATURE-----\n"),
            "Jalan rusak. -----BEGIN PGP SIGNATURE----- abc= Lampu mati juga. -----END PGP SIGNATURE-----",
        ),
    ],
)
def test_the_text_is_found(label: str, raw: bytes, text: str) -> None:
    assert words(letter(raw).text) == text, label


@pytest.mark.parametrize(
    ("label", "kind", "body", "text"),
    [
        ("declared", "text/plain; charset=windows-1252", "Grüße “Jürgen”".encode("cp1252"), "Grüße “Jürgen”"),
        ("Latin-1 that is Windows-1252", "text/plain; charset=iso-8859-1", "harga €5 – naik".encode("cp1252"), "harga €5 – naik"),
        ("UTF-8 declared as Latin-1", "text/plain; charset=iso-8859-1", "Jalan rúsak".encode(), "Jalan rúsak"),
        ("Latin-1 declared as UTF-8", "text/plain; charset=utf-8", "Grüße aus Köln".encode("latin-1"), "Grüße aus Köln"),
        ("nothing declared, UTF-8", "text/plain", "Jalan “rusak”".encode(), "Jalan “rusak”"),
        ("nothing declared, Windows-1252", "text/plain", "Jalan “rusak” – parah".encode("cp1252"), "Jalan “rusak” – parah"),
        ("a charset that does not exist", "text/plain; charset=x-none-such", "Jalan rúsak".encode(), "Jalan rúsak"),
        ("a codec that is no charset", "text/plain; charset=rot13", b"Jalan rusak", "Jalan rusak"),
        ("Chinese declared as its small set", "text/plain; charset=gb2312", "道路㐂坏".encode("gb18030"), "道路㐂坏"),
        ("Korean", 'text/plain; charset="ks_c_5601-1987"', "도로가 파손".encode("cp949"), "도로가 파손"),
        ("Japanese by escapes, not declared", "text/plain", "道路が壊れた".encode("iso2022_jp"), "道路が壊れた"),
        ("UTF-16 with its mark", "text/plain; charset=utf-16", "Jalan é".encode("utf-16"), "Jalan é"),
        ("ASCII declared as UTF-16", "text/plain; charset=utf-16", b"Jalan rusak!", "Jalan rusak!"),
        ("UTF-7", "text/plain; charset=utf-7", "Jalan é".encode("utf-7"), "Jalan é"),
        ("UTF-8 cut in the middle of a letter", "text/plain; charset=utf-8", "éééé jalan é".encode()[:-1], "éééé jalan \ufffd"),
    ],
)
def test_words_survive_whatever_their_charset_is_called(label: str, kind: str, body: bytes, text: str) -> None:
    assert letter(mail(body, Content_Type=kind)).text == text, label


@pytest.mark.parametrize(
    ("label", "encoding", "body", "text"),
    [
        ("base64", "base64", b"SmFsYW4g\r\ncnVzYWs=\r\n", "Jalan rusak"),
        ("base64 without its end", "BASE64", b"SmFsYW4gcnVzYWs", "Jalan rusak"),
        ("base64 with one letter too many", "base64", b"SmFsYW4gcnVzYWsgMQA=A", "Jalan rusak 1"),
        ("base64 in two pieces", "base64", b"SmFsYW4=\r\nIHJ1c2Fr\r\n", "Jalan rusak"),
        ("base64 with a list's footer below", "base64", b"SmFsYW4gcnVzYWs=\r\n-- \r\nDikirim ke milis warga\r\n", "Jalan rusak -- Dikirim ke milis warga"),
        ("said to be base64, and is not", "base64", b"Jalan rusak, tolong!", "Jalan rusak, tolong!"),
        ("quoted-printable", "quoted-printable", b"Jalan=20r=C3=BA=\r\nsak", "Jalan rúsak"),
        ("quoted-printable with spaces at the break", "quoted-printable", b"Jalan ru=  \r\nsak", "Jalan rusak"),
        ("quoted-printable with what is none", "quoted-printable", b"100=ZZ x=3", "100=ZZ x=3"),
        ("a name with a space behind it", "quoted-printable ", b"Jalan=20rusak", "Jalan rusak"),
        ("an encoding that nobody knows", "x-gzip64", b"Jalan rusak", "Jalan rusak"),
    ],
)
def test_words_survive_their_transfer_encoding(label: str, encoding: str, body: bytes, text: str) -> None:
    assert words(letter(mail(body, Content_Transfer_Encoding=encoding)).text) == text, label


@pytest.mark.parametrize(
    ("label", "page", "text"),
    [
        ("entities", "Jalan &amp; jembatan &#233;&nbsp;&lt;rusak&gt;", "Jalan & jembatan é <rusak>"),
        ("an address that nobody escaped", "Budi <budi@warga.example> dan <https://peta.example/x>", "Budi <budi@warga.example> dan <https://peta.example/x>"),
        ("smaller than", "lebar 3 < 5 m, a<b", "lebar 3 < 5 m, a<b"),
        ("a greater-than in an attribute", '<img alt="a > b">Jalan <a title=Jum\'at href="x">rusak</a>', "Jalan rusak"),
        ("scripts, styles, comments", "<script>if (a<b) x</script><!-- hidden --><!--[if mso]>x<![endif]-->Jalan<style>p{}</STYLE > rusak", "Jalan rusak"),
        ("a comment that never ends", "Jalan <!-- rusak", "Jalan rusak"),
        ("a style that never ends", "Jalan <style> rusak", "Jalan rusak"),
        ("a tag that never ends", "Jalan rusak <b", "Jalan rusak <b"),
        ("a table", "<table><tr><td>Jalan</td><td>rusak</td></tr></table>", "Jalan rusak"),
        ("upper case", "<P>Jalan<BR>rusak</P>", "Jalan rusak"),
        ("a number that is too large", "Jalan &#" + "9" * 5000 + "; rusak", "Jalan &#" + "9" * 5000 + "; rusak"),
        ("text beside it all", "Jalan</body></html> rusak", "Jalan rusak"),
    ],
)
def test_a_page_is_read_as_a_person_sees_it(label: str, page: str, text: str) -> None:
    assert words(letter(mail(page, Content_Type="text/html; charset=utf-8")).text) == text, label


def test_what_is_quoted_in_a_page_is_quoted_in_the_text() -> None:
    page = "<div>Di Waru.</div><blockquote><p>Di mana?</p><blockquote>Jalan rusak</blockquote></blockquote><div>Terima kasih</div>"
    assert letter(mail(page, Content_Type="text/html")).text == "Di Waru.\n\n> Di mana?\n>\n> > Jalan rusak\n\nTerima kasih"


# ---- files


@pytest.mark.parametrize(
    ("label", "fields", "name"),
    [
        ("quoted", 'attachment; filename="foto jalan.jpg"', FOTO),
        ("not quoted, with a space", "attachment; filename=foto jalan.jpg", FOTO),
        ("RFC 2231", "attachment; filename*=utf-8''foto%20jal%C3%A1n.jpg", "foto jalán.jpg"),
        ("RFC 2231 in pieces", "attachment; filename*0*=utf-8''foto%20jal%C3; filename*1*=%A1n; filename*2=.jpg", "foto jalán.jpg"),
        ("RFC 2231 beats the plain one", "attachment; filename=\"x.jpg\"; filename*=utf-8''foto.jpg", "foto.jpg"),
        ("encoded words where none belong", 'attachment; filename="=?utf-8?B?Zm90byBqYWzDoW4uanBn?="', "foto jalán.jpg"),
        ("encoded words broken over lines", 'attachment;\r\n filename="=?utf-8?Q?foto_?=\r\n =?utf-8?Q?jalan=2Ejpg?="', FOTO),
        ("bytes", "attachment; filename=jalán.jpg", "jalán.jpg"),
        ("a semicolon inside", 'attachment; filename="a;b.jpg"', "a;b.jpg"),
        ("quotes inside that nobody escaped", 'attachment; filename="foto "besar".jpg"; size=3', 'foto "besar".jpg'),
        ("quotes that never close", 'attachment; filename="foto.jpg', "foto.jpg"),
        ("a Windows path", r'attachment; filename="C:\Users\siti\foto.jpg"', "foto.jpg"),
        ("a way up", 'attachment; filename="../../etc/passwd"', "passwd"),
        ("a date with slashes", 'attachment; filename="surat 2/3/2026.pdf"', "surat 2_3_2026.pdf"),
        ("read backwards", "attachment; filename*=utf-8''a%E2%80%AEgpj.exe", "agpj.exe"),
        ("controls", "attachment; filename*=utf-8''a%00%0Ab%1B.jpg", "a b.jpg"),
        ("a device", 'attachment; filename="CON.txt"', "_CON.txt"),
        ("dots only", 'attachment; filename=".."', ""),
        ("no name", "attachment", ""),
    ],
)
def test_a_file_has_the_name_that_was_meant_and_no_other_power(label: str, fields: str, name: str) -> None:
    raw = multipart(part("text/plain", "x"), part("image/jpeg", PDF, encoding="base64", Content_Disposition=fields))
    assert [file.name for file in letter(raw).content.files] == [name], label


def test_a_long_name_keeps_its_ending() -> None:
    raw = multipart(part("image/jpeg", "x", Content_Disposition=f'attachment; filename="{"á" * 500}.jpg"'))
    (file,) = letter(raw).content.files
    assert file.name.endswith("á.jpg")
    assert len(file.name.encode()) <= 200


@pytest.mark.parametrize(
    ("label", "raw", "names"),
    [
        ("named in the type only", multipart(part("application/pdf; name=a.pdf", PDF)), ["a.pdf"]),
        ("named by its place", multipart(part("image/jpeg", PDF, Content_Location="http://x.example/pix/a.jpg?1")), ["a.jpg"]),
        ("a text is a file", multipart(part("text/plain", "a"), part("text/plain; name=b.txt", "b", Content_Disposition="attachment")), ["b.txt"]),
        ("a page is a file", multipart(part("text/plain", "a"), part("text/html; name=b.html", "<p>b")), ["b.html"]),
        ("a calendar entry", multipart(part("text/plain", "a"), part("text/calendar; name=i.ics", "b"), kind="alternative"), ["i.ics"]),
        ("two of one name", multipart(part("image/png; name=a.png", "1"), part("image/png; name=a.png", "2")), ["a.png", "a.png"]),
        ("a picture of a page", multipart(part("text/html", "<img>"), part("image/png; name=a.png", "x", Content_ID="<1>"), kind="related"), ["a.png"]),
        (
            "a picture beside the alternative that is not read",
            multipart(
                part("text/plain", "Jalan"),
                b"Content-Type: multipart/related; boundary=r\r\n\r\n"
                + joined(part("text/html", "<p>Jalan"), part("image/png; name=a.png", "x"), boundary=b"r"),
                kind="alternative",
            ),
            ["a.png"],
        ),
        (
            "a mail as a file, and what is in it",
            multipart(part("text/plain", "a"), part("message/rfc822; name=b.eml", multipart(part("image/png; name=c.png", "x")).replace(b"bdy", b"inner"))),
            ["b.eml", "c.png"],
        ),
        (
            "a signature",
            multipart(part("text/plain", "a"), part("application/pkcs7-signature; name=smime.p7s", PDF, encoding="base64"), kind="signed"),
            ["smime.p7s"],
        ),
        ("nothing but a photo", mail(binascii.b2a_base64(PDF), Content_Type="image/jpeg; name=a.jpg", Content_Transfer_Encoding="base64"), ["a.jpg"]),
    ],
)
def test_every_file_is_kept(label: str, raw: bytes, names: list[str]) -> None:
    assert [file.name for file in letter(raw).content.files] == names, label


def test_a_file_keeps_its_bytes() -> None:
    raw = multipart(part("application/pdf; name=a.pdf", PDF, encoding="base64"), part("application/pdf; name=b.pdf", PDF))
    assert [file.data for file in letter(raw).content.files] == [PDF, PDF]


def test_files_in_the_middle_of_a_text_are_taken_out_of_it() -> None:
    block = b"begin 644 foto.jpg\r\n" + b"".join(binascii.b2a_uu(PDF[at : at + 45]) for at in range(0, len(PDF), 45)) + b"`\r\nend\r\n"
    found = letter(mail(b"Jalan\r\n" + block + b"rusak"))
    assert words(found.text) == "Jalan rusak"
    assert [(file.name, file.data) for file in found.content.files] == [("foto.jpg", PDF)]


def test_a_text_that_speaks_of_beginning_is_no_file() -> None:
    said = "begin 644 hari lagi\nTolong\nend"
    assert letter(mail(said)).text == said


def test_yenc_is_taken_out_as_well() -> None:
    escaped = b"".join(b"=" + bytes([(value + 106) % 256]) if (value + 42) % 256 in {0, 9, 10, 13, 46, 61} else bytes([(value + 42) % 256]) for value in PDF)
    found = letter(mail(b"Jalan\r\n=ybegin line=400 size=265 name=foto 1.jpg\r\n" + escaped + b"\r\n=yend size=265\r\nrusak"))
    assert words(found.text) == "Jalan rusak"
    assert [(file.name, file.data) for file in found.content.files] == [("foto 1.jpg", PDF)]


def test_a_text_of_any_length_is_shown_in_part_and_kept_whole() -> None:
    body = b"Jalan rusak.\r\n" * 100_000
    found = letter(mail(body))
    assert found.text.startswith("Jalan rusak.\nJalan")
    assert [file.data for file in found.content.files] == [body]
    assert "text_shortened" in found.remarks


# ---- winmail.dat


def attribute(level: int, number: int, value: bytes, kind: int = 6) -> bytes:
    """One of TNEF, with its check sum."""
    return struct.pack("<BHHI", level, number, kind, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def prop(number: int, kind: int, value: bytes) -> bytes:
    """A MAPI property of variable length."""
    return struct.pack("<HHII", kind, number, 1, len(value)) + value + b"\0" * (-len(value) % 4)


def tnef(*attributes: bytes) -> bytes:
    """A stream, in Windows-1252."""
    return bytes.fromhex("789f3e220100") + attribute(1, 0x9007, struct.pack("<II", 1252, 0)) + b"".join(attributes)


def attached(title: bytes, data: bytes, *props: bytes) -> bytes:
    """A file in a stream."""
    more = attribute(2, 0x9005, struct.pack("<I", len(props)) + b"".join(props)) if props else b""
    return attribute(2, 0x9002, b"\0" * 14) + attribute(2, 0x8010, title + b"\0") + attribute(2, 0x800F, data) + more


def winmail(stream: bytes, kind: str = "application/ms-tnef; name=winmail.dat") -> Incoming:
    """In a mail as Outlook sends it."""
    return letter(multipart(part("text/plain", "Jalan rusak"), part(kind, stream, encoding="base64")))


def test_what_outlook_hides_in_winmail_dat_comes_out() -> None:
    long = prop(0x3707, 0x1F, "Surat pengaduan é.docx\0".encode("utf-16-le"))
    found = winmail(tnef(attached(b"SURATP~1.DOC", PDF + b"\0\0", long), attached(b"foto.jpg", b"jpg")))
    assert [(file.name, file.data) for file in found.content.files] == [("Surat pengaduan é.docx", PDF + b"\0\0"), ("foto.jpg", b"jpg")]


def test_the_text_in_winmail_dat_is_read_where_there_is_no_other() -> None:
    stream = tnef(attribute(1, 0x9003, struct.pack("<I", 1) + prop(0x1000, 0x1E, "Jalan rúsak\0".encode("cp1252"))))
    assert letter(mail(binascii.b2a_base64(stream), Content_Type="application/ms-tnef", Content_Transfer_Encoding="base64")).text == "Jalan rúsak"


@pytest.mark.parametrize(
    ("label", "stream", "names"),
    [
        ("known by its bytes, not by its name", tnef(attached(b"a.pdf", PDF)), ["a.pdf"]),
        (
            "broken off: what came whole is kept, and so is the rest",
            tnef(attached(b"a.pdf", PDF), attached(b"b.pdf", PDF))[:-100],
            ["a.pdf", "b.pdf", "winmail.dat"],
        ),
        ("rubbish behind it", tnef(attached(b"a.pdf", PDF)) + b"\xff" * 40, ["a.pdf", "winmail.dat"]),
        ("a property of no known kind", tnef(attached(b"a.pdf", PDF, struct.pack("<HHII", 0x77, 1, 1, 4))), ["a.pdf", "winmail.dat"]),
        ("more properties than there are", tnef(attached(b"a.pdf", PDF, b"\xff\xff\xff\xff"[:0])), ["a.pdf"]),
        ("nothing in it", tnef(), ["winmail.dat"]),
        ("not even its first bytes", b"x" + tnef(attached(b"a.pdf", PDF)), ["winmail.dat"]),
    ],
)
def test_a_broken_winmail_dat_is_never_lost(label: str, stream: bytes, names: list[str]) -> None:
    assert [file.name for file in winmail(stream, "application/octet-stream; name=winmail.dat").content.files] == names, label


def test_a_stream_that_counts_to_four_billion_ends() -> None:
    stream = tnef(attribute(2, 0x9002, b"\0" * 14), attribute(2, 0x9005, b"\xff\xff\xff\xff" + struct.pack("<HHI", 3, 1, 0)))
    assert [file.name for file in winmail(stream).content.files] == ["winmail.dat"]


def test_a_mail_inside_a_winmail_dat_gives_its_files_too() -> None:
    inner = bytes.fromhex("0703020000000000c000000000000046") + tnef(attached(b"dalam.pdf", PDF))
    stream = tnef(attribute(2, 0x9002, b"\0" * 14), attribute(2, 0x9005, struct.pack("<I", 1) + prop(0x3701, 0x0D, inner)))
    assert "dalam.pdf" in [file.name for file in winmail(stream).content.files]


# ---- signed and encrypted


def der(tag: int, *content: bytes) -> bytes:
    """An element with its length."""
    body = b"".join(content)
    length = bytes([len(body)]) if len(body) < 128 else b"\x82" + struct.pack(">H", len(body))
    return bytes([tag]) + length + body


def test_an_opaque_signature_hides_nothing() -> None:
    inner = multipart(part("text/plain", "Jalan rusak"), part("application/pdf; name=a.pdf", PDF, encoding="base64"))
    content = der(0x30, bytes.fromhex("06092a864886f70d010701"), der(0xA0, der(0x04, inner)))
    signed = der(0x30, bytes.fromhex("06092a864886f70d010702"), der(0xA0, der(0x30, bytes.fromhex("020101"), der(0x31), content, der(0x31))))
    raw = mail(binascii.b2a_base64(signed), Content_Type="application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", Content_Transfer_Encoding="base64")
    found = letter(raw)
    assert found.text.strip() == "Jalan rusak"
    assert [file.name for file in found.content.files] == ["a.pdf"]
    assert found.remarks == ()


def test_a_signature_in_pieces_of_no_stated_length_is_read_too() -> None:
    pieces = b"\x24\x80" + der(0x04, b"Content-Type: text/plain\r\n\r\nJalan ") + der(0x04, b"rusak") + b"\0\0"
    content = b"\x30\x80" + bytes.fromhex("06092a864886f70d010701") + b"\xa0\x80" + pieces + b"\0\0\0\0"
    signed = b"\x30\x80" + bytes.fromhex("06092a864886f70d010702") + b"\xa0\x80\x30\x80" + bytes.fromhex("020101") + der(0x31) + content
    raw = mail(binascii.b2a_base64(signed), Content_Type="application/x-pkcs7-mime", Content_Transfer_Encoding="base64")
    assert letter(raw).text.strip() == "Jalan rusak"


@pytest.mark.parametrize(
    ("label", "raw"),
    [
        ("PGP/MIME", multipart(part("application/pgp-encrypted", "Version: 1"), part("application/octet-stream; name=e.asc", "x"), kind="encrypted")),
        ("PGP in the text", mail("-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n")),
        (
            "S/MIME",
            mail(
                binascii.b2a_base64(der(0x30, bytes.fromhex("06092a864886f70d010703"), b"x" * 50)),
                Content_Type="application/pkcs7-mime; name=smime.p7m",
                Content_Transfer_Encoding="base64",
            ),
        ),
    ],
)
def test_what_we_cannot_read_is_marked_and_kept(label: str, raw: bytes) -> None:
    found = letter(raw)
    assert found.remarks == ("encrypted",), label
    assert found.automatic == ""
    assert found.content.files or "BEGIN PGP" in found.text


# ---- heads


@pytest.mark.parametrize(
    ("label", "subject", "shown"),
    [
        ("encoded words", "=?utf-8?Q?Jalan_r=C3=BAsak?=", "Jalan rúsak"),
        ("a letter broken over two", "=?utf-8?Q?r=C3?= =?utf-8?Q?=BAsak?=", "rúsak"),
        ("words and plain text", "Re: =?utf-8?B?SmFsYW4=?= rusak =?iso-8859-1?q?sekal=ED?=!", "Re: Jalan rusak sekalí!"),
        ("folded", "Jalan\r\n =?utf-8?Q?r=C3=BAsak?=\r\n\t=?utf-8?Q?_sekali?=", "Jalan rúsak sekali"),
        ("base64 without its end", "=?utf-8?B?SmFsYW4?=", "Jalan"),
        ("a question mark inside", "=?utf-8?Q?rusak??=", "rusak?"),
        ("a language", "=?utf-8*id?Q?rusak?=", "rusak"),
        ("a charset that is none", "=?x-none?Q?rusak?=", "rusak"),
        ("not an encoded word", "=?utf-8?X?rusak?=", "=?utf-8?X?rusak?="),
        ("one that never ends", "=?utf-8?Q?rusak", "=?utf-8?Q?rusak"),
        ("bytes", "Jalan rúsak", "Jalan rúsak"),
    ],
)
def test_a_subject_is_read(label: str, subject: str, shown: str) -> None:
    assert letter(mail(Subject=subject)).subject == shown, label


def test_bytes_in_a_head_are_in_the_charset_of_the_text() -> None:
    raw = "From: a@b.example\r\nSubject: Яма\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\nЯма".encode("koi8-r")
    assert letter(raw).subject == "Яма"


@pytest.mark.parametrize(
    ("label", "said", "name", "address"),
    [
        ("usual", "Siti <siti@warga.example>", "Siti", "siti@warga.example"),
        ("quoted, with a comma", '"Siti, Ibu" <siti@warga.example>', "Siti, Ibu", "siti@warga.example"),
        ("a comment for a name", "siti@warga.example (Ibu Siti)", "Ibu Siti", "siti@warga.example"),
        ("encoded", "=?utf-8?Q?S=C3=ADti?= <siti@warga.example>", "Síti", "siti@warga.example"),
        ("encoded with its address", "=?utf-8?Q?Siti_=3Csiti=40warga=2Eexample=3E?=", "Siti", "siti@warga.example"),
        ("no brackets", "Siti siti@warga.example", "Siti", "siti@warga.example"),
        ("brackets that never close", "Siti <siti@warga.example", "Siti", "siti@warga.example"),
        ("double brackets", "<<siti@warga.example>>", "", "siti@warga.example"),
        ("a name that looks like another address", '"bupati@ppu.example" <siti@warga.example>', "bupati@ppu.example", "siti@warga.example"),
        ("two brackets: the last", "<bupati@ppu.example> <siti@warga.example>", "", "siti@warga.example"),
        ("a group", "Warga: siti@warga.example;", "", "siti@warga.example"),
        ("a route", "<@a.example,@b.example:siti@warga.example>", "", "siti@warga.example"),
        ("comments everywhere", "Siti(x) <siti(y)@warga(z).example>", "Siti", "siti@warga.example"),
        ("spaces everywhere", "Siti < siti @ warga . example >", "Siti", "siti@warga.example"),
        ("a link", "mailto:siti@warga.example", "", "siti@warga.example"),
        ("capitals", "SITI@WARGA.EXAMPLE", "", "SITI@warga.example"),
        ("international", "Jörg <jörg@bücher.example>", "Jörg", "jörg@bücher.example"),
        ("a dot at the end", "siti@warga.example.", "", "siti@warga.example"),
        ("nobody", "Siti", "Siti", ""),
        ("a line break inside", "<siti@warga.example\tbcc:x>", "", "siti@warga.example"),
    ],
)
def test_the_sender_is_who_it_says(label: str, said: str, name: str, address: str) -> None:
    found = letter(mail(From=said))
    assert (found.sender.name, found.sender.address) == (name, address), label


def test_a_broken_line_in_the_head_breaks_only_itself() -> None:
    raw = mail("Jalan rusak").replace(b"Subject:", b"broken line without a colon\r\nSubject:")
    assert (letter(raw).subject, letter(raw).text) == ("Jalan rusak", "Jalan rusak")


def test_the_first_of_two_types_counts() -> None:
    raw = b"Content-Type: text/html\r\n" + mail("<p>Jalan rusak", Content_Type="text/plain")
    assert letter(raw).text == "Jalan rusak"
