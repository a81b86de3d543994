"""What is new in an answer. Each row is how some mail program marks what it quotes; what citizens write between is never cut."""

# ruff: noqa: RUF001  # mails in many scripts

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.mail.reply import reply

NEW = "Di depan SD 5 Waru.\nTerima kasih,\nSiti"
OLD = "Terima kasih atas laporan Anda.\nDi mana tepatnya?"
QUOTED = "> Terima kasih atas laporan Anda.\n> Di mana tepatnya?"


@pytest.mark.parametrize(
    ("program", "marked"),
    [
        ("Gmail, Indonesian", f"Pada Sen, 2 Mar 2026 pukul 10.00 Lapor PPU <lapor@ppu.example> menulis:\n\n{QUOTED}"),
        ("Gmail, Indonesian, older", f"Pada tanggal 2 Maret 2026 10.00, Lapor PPU <lapor@ppu.example>\nmenulis:\n\n{QUOTED}"),
        ("Gmail, broken over lines", f"On Mon, Mar 2, 2026 at 10:00 AM Layanan Aspirasi dan Pengaduan <\nlapor@ppu.example> wrote:\n\n{QUOTED}"),
        ("Apple Mail", f"On 2 Mar 2026, at 10:00, Lapor PPU <lapor@ppu.example> wrote:\n\n{QUOTED}"),
        ("Apple Mail, Indonesian", f"Pada 2 Mar 2026, pukul 10.00, Lapor PPU <lapor@ppu.example> menulis:\n\n{QUOTED}"),
        ("Yahoo, unmarked", f"Pada Senin, 2 Maret 2026 pukul 10.00.00 WITA, Lapor PPU <lapor@ppu.example> menulis:\n\n{OLD}"),
        ("Thunderbird", f"On 3/2/26 10:00, Lapor PPU wrote:\n{QUOTED}"),
        ("Thunderbird, German", f"Am 02.03.26 um 10:00 schrieb Lapor PPU:\n{QUOTED}"),
        ("French", f"Le lun. 2 mars 2026 à 10:00, Lapor PPU <lapor@ppu.example> a écrit :\n\n{QUOTED}"),
        ("Spanish", f"El lun, 2 mar 2026 a las 10:00, Lapor PPU (<lapor@ppu.example>) escribió:\n\n{QUOTED}"),
        ("Portuguese", f"Em seg., 2 de mar. de 2026 às 10:00, Lapor PPU <lapor@ppu.example> escreveu:\n\n{QUOTED}"),
        ("Italian", f"Il giorno lun 2 mar 2026 alle ore 10:00 Lapor PPU <lapor@ppu.example> ha scritto:\n\n{QUOTED}"),
        ("Dutch", f"Op ma 2 mrt 2026 om 10:00 schreef Lapor PPU <lapor@ppu.example>:\n\n{QUOTED}"),
        ("Swedish", f"Den mån 2 mars 2026 kl 10:00 skrev Lapor PPU <lapor@ppu.example>:\n\n{QUOTED}"),
        ("Danish", f"Den man. 2. mar. 2026 kl. 10.00 skrev Lapor PPU <lapor@ppu.example>:\n\n{QUOTED}"),
        ("Norwegian", f"man. 2. mars 2026 kl. 10:00 skrev Lapor PPU <lapor@ppu.example>:\n\n{QUOTED}"),
        ("Finnish", f"ma 2. maalisk. 2026 klo 10.00 Lapor PPU (lapor@ppu.example) kirjoitti:\n\n{QUOTED}"),
        ("Polish", f"W dniu pon., 2 mar 2026 o 10:00 Lapor PPU <lapor@ppu.example> napisał(a):\n\n{QUOTED}"),
        ("Czech", f"po 2. 3. 2026 v 10:00 odesílatel Lapor PPU <lapor@ppu.example> napsal:\n\n{QUOTED}"),
        ("Russian", f"пн, 2 мар. 2026 г. в 10:00, Lapor PPU <lapor@ppu.example>:\n\n{QUOTED}"),
        ("Russian, with the verb", f"2 марта 2026, 10:00 пользователь Lapor PPU <lapor@ppu.example> написал:\n\n{QUOTED}"),
        ("Turkish", f"Lapor PPU <lapor@ppu.example>, 2 Mar 2026 Pzt, 10:00 tarihinde şunu yazdı:\n\n{QUOTED}"),
        ("Vietnamese", f"Vào Th 2, 2 thg 3, 2026 vào lúc 10:00 Lapor PPU <lapor@ppu.example> đã viết:\n\n{QUOTED}"),
        ("Japanese", f"2026年3月2日(月) 10:00 Lapor PPU <lapor@ppu.example>:\n\n{QUOTED}"),
        ("Chinese", f"Lapor PPU <lapor@ppu.example> 于2026年3月2日周一 10:00写道：\n\n{QUOTED}"),
        ("Korean", f"2026년 3월 2일 (월) 10:00, Lapor PPU <lapor@ppu.example>님이 작성:\n\n{QUOTED}"),
        ("only when and who", f'02.03.2026, 10:00, "Lapor PPU" <lapor@ppu.example>:\n\n{QUOTED}'),
        (
            "Android",
            f"-------- Original message --------\nFrom: Lapor PPU <lapor@ppu.example>\nDate: 02/03/2026 10:00 (GMT+08:00)\nTo: Siti\nSubject: Re\n\n{OLD}",
        ),
        (
            "Samsung, Indonesian",
            f"-------- Pesan asli --------\nDari: Lapor PPU <lapor@ppu.example>\nTanggal: 02/03/26 10.00 (GMT+08:00)\nKe: Siti\nSubjek: Re\n\n{OLD}",
        ),
        ("Outlook", f"From: Lapor PPU <lapor@ppu.example>\nSent: Monday, 2 March 2026 10:00\nTo: siti@warga.example\nSubject: Re: Jalan\n\n{OLD}"),
        (
            "Outlook, behind a line",
            f"________________________________\nFrom: Lapor PPU <lapor@ppu.example>\nSent: Monday, 2 March 2026 10:00\nTo: Siti\nSubject: Re\n\n{OLD}",
        ),
        ("Outlook, Indonesian", f"Dari: Lapor PPU <lapor@ppu.example>\nTerkirim: Senin, 02 Maret 2026 10.00\nKepada: Siti\nPerihal: Re: Jalan\n\n{OLD}"),
        ("Outlook, bold", f"*From:* Lapor PPU [mailto:lapor@ppu.example]\n*Sent:* Monday, 2 March 2026 10:00\n*To:* Siti\n*Subject:* Re\n\n{OLD}"),
        ("Outlook, German", f"Von: Lapor PPU <lapor@ppu.example>\nGesendet: Montag, 2. März 2026 10:00\nAn: Siti\nBetreff: AW: Jalan\n\n{OLD}"),
        ("Outlook, French", f"De : Lapor PPU <lapor@ppu.example>\nEnvoyé : lundi 2 mars 2026 10:00\nÀ : Siti\nObjet : Re\n\n{OLD}"),
        ("Outlook, Russian", f"От: Lapor PPU <lapor@ppu.example>\nОтправлено: 2 марта 2026 г. 10:00\nКому: Siti\nТема: Re\n\n{OLD}"),
        ("Outlook, Chinese", f"发件人: Lapor PPU <lapor@ppu.example>\n发送时间: 2026年3月2日 10:00\n收件人: Siti\n主题: Re\n\n{OLD}"),
        ("Outlook, Japanese", f"差出人: Lapor PPU <lapor@ppu.example>\n送信日時: 2026年3月2日 10:00\n宛先: Siti\n件名: Re\n\n{OLD}"),
        ("Outlook, a broken line", f"From: Lapor PPU\n<lapor@ppu.example>\nSent: Monday, 2 March 2026 10:00\nTo: Siti\nSubject: Re\n\n{OLD}"),
        ("Outlook, old", f"-----Original Message-----\nFrom: Lapor PPU\nSent: 2 March 2026\n\n{OLD}"),
        ("between dashes", f"---- Lapor PPU wrote ----\n\n{QUOTED}"),
        ("marks alone", QUOTED),
    ],
)
def test_what_a_program_quotes_is_not_new(program: str, marked: str) -> None:
    assert reply(f"{NEW}\n\n{marked}\n") == NEW, program


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("answers between the questions", "> Di mana?\nDi Waru.\n> Sejak kapan?\nKemarin."),
        ("answers between, with who wrote", f"Pada 2 Mar 2026 10.00 Lapor <lapor@ppu.example> menulis:\n{QUOTED}\n\nDi Waru.\n\n> Sejak kapan?\n\nKemarin."),
        ("a citizen's own greater-than", "Lubang itu lebarnya\n> 5 meter\nTolong diperbaiki."),
        ("a letter with its head", "Dari: Budi, warga RT 05\nKepada: Bupati PPU\nPerihal: Jalan rusak\n\nDengan hormat, jalan kami rusak."),
        ("a letter with its head below a greeting", "Assalamualaikum.\nDari: Budi\nKepada: Bupati\nPerihal: Jalan rusak\nJalan kami rusak."),
        ("who wrote what, told", "Pada 2 Maret 2026 petugas menulis:\njalan akan diperbaiki. Sampai sekarang belum."),
        ("a mail passed on", "Tolong dibaca.\n\n---------- Forwarded message ---------\nDari: PLN <pln@pln.example>\nDate: 2 Mar 2026\n\nListrik padam."),
        ("a mail passed on, Indonesian", "---------- Pesan yang diteruskan ---------\nDari: PLN <pln@pln.example>\n\nListrik padam."),
        ("a list", "Keluhan:\n- jalan\n- lampu\n--\n1. Waru\n2. Sepaku"),
        ("a table with a line", "Biaya\n-----\nsemen 5 sak\npasir 3 truk"),
        ("nothing but a quotation", QUOTED),
        ("a word that looks like an introduction", "On that road I wrote to you before: nothing happened."),
        ("an address in a sentence", "Surat ke dinas@ppu.example sudah ditulis:\ntidak dijawab."),
        ("where something was sent from", "Di Waru.\n\nDikirim dari kantor desa kemarin, tetapi sampai sekarang belum juga sampai."),
        ("blank", "\n\n"),
    ],
)
def test_what_a_citizen_wrote_stays(label: str, text: str) -> None:
    assert "".join(reply(text).split()) == "".join(text.split()), label


@pytest.mark.parametrize(
    ("label", "text", "view"),
    [
        ("below the quotation", f"Pada 2 Mar 2026 10.00 Lapor <lapor@ppu.example> menulis:\n{QUOTED}\n\n{NEW}", NEW),
        ("around it", f"Halo,\n\nOn 2 Mar 2026, at 10:00, Lapor wrote:\n{QUOTED}\n\n{NEW}", f"Halo,\n\n\n{NEW}"),
        ("a link that lost its mark", "Di Waru.\n\nOn 2 Mar 2026, at 10:00, Lapor wrote:\n> Lihat\n<https://ppu.example/x>\n> di sini", "Di Waru."),
        ("a signature", "Di Waru.\n\n-- \nSiti\n0812", "Di Waru."),
        ("a signature above the quotation", f"Di Waru.\n\n-- \nSiti\n\nOn 2 Mar 2026, at 10:00, Lapor wrote:\n{QUOTED}", "Di Waru."),
        ("a list's footer", "Di Waru.\n\n____________\nMilis warga\nhttps://milis.example/warga", "Di Waru."),
        ("a telephone", "Di Waru.\n\nDikirim dari iPhone saya", "Di Waru."),
        ("when and who, broken", "Di Waru.\n\n2026-03-02 10:00 GMT+08:00 Lapor <\nlapor@ppu.example>:\n\n> Di mana?", "Di Waru."),
        ("a telephone, English", "Di Waru.\n\nSent from my Galaxy", "Di Waru."),
        ("Outlook on a telephone", "Di Waru.\n\nDapatkan Outlook untuk Android<https://aka.example/x>", "Di Waru."),
    ],
)
def test_what_is_new_is_shown_alone(label: str, text: str, view: str) -> None:
    assert reply(text) == view, label


LINES = st.sampled_from(
    [
        *OLD.split("\n"),
        *QUOTED.split("\n"),
        "",
        "On 2 Mar 2026, at 10:00, Lapor <lapor@ppu.example> wrote:",
        "From: a@b.example",
        "Sent: 2 March 2026",
        "-- ",
        "_____",
        "Siti",
        ">",
    ],
)


@settings(derandomize=True, database=None, deadline=None)
@given(st.lists(LINES, max_size=25))
def test_the_view_is_made_of_lines_of_the_text_in_their_order(lines: list[str]) -> None:
    text = "\n".join(lines)
    rest = iter(line.rstrip() for line in lines)
    assert all(any(line == other for other in rest) for line in reply(text).split("\n") if line.strip())
    if text.strip():
        assert reply(text).strip()


@settings(derandomize=True, database=None, deadline=None)
@given(st.lists(st.sampled_from(["Di Waru.", "> Di mana?", "> Sejak kapan?", "Kemarin."]), min_size=1, max_size=12))
def test_no_answer_between_quoted_lines_is_ever_cut(lines: list[str]) -> None:
    shown = reply("\n".join(lines)).split("\n")
    assert [line for line in shown if not line.startswith(">")] == [line for line in lines if not line.startswith(">")]
