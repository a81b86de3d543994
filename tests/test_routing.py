"""Who takes charge: levels of government, the directory and its mistakes, what is confidential, and that there is always exactly one owner that exists."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import case as cases
from gateway import directory, routing
from gateway.backup import back_up
from gateway.case import Owner
from gateway.config import Mistakes
from gateway.directory import Directory, DirectoryMistakes, parse
from gateway.routing import Desk, Suggestion
from gateway.sensitive import confidential
from normalizer import Category, Complaint, Declared, Place, Report, Setting, category_codes, normalize
from tests.nursery import ROOT, run
from tests.postbox import letter
from tests.test_category import WORDS
from tests.test_normalizer_laws import LAW
from tests.world import KEY, Deployment, receive_all

NOON = datetime(2026, 3, 17, 4, tzinfo=UTC)
PPU = parse(directory.example())
DESK = Desk("diskominfo", PPU)
HEAD = "code,name,level,region,categories,aliases\n"


def told(text: str, region: str | None = "64.09", **said: str) -> Complaint:
    return normalize(Report(None, text, NOON, declared=Declared(**said)), Setting(region=region))  # type: ignore[arg-type]


def suggested(text: str, region: str | None = "64.09", desk: Desk = DESK, **said: str) -> Suggestion:
    return routing.suggest(told(text, region, **said), desk)


def about(category: str, region: str | None = "64.09", score: float = 0.9) -> Complaint:
    """A complaint of this category and nothing else, for rules that no words are needed for."""
    found = Category(category, score, "")
    return replace(told("?", region), category=found, categories=(found,))


# Said by whoever suffers it, or plainly: no word of the law is in it.
IN_CONFIDENCE = [
    "suami saya memukul saya tiap malam tolong, takut, saya di waru",
    "suami sy mukul sy",
    "bapak saya suka pukul saya dan adik",
    "istri saya dianiaya mertua",
    "suamiku ngantemi aku saben bengi, tulung",
    "aku digebugi bojoku",
    "abdi sering ditakol ku salaki",
    "my husband beats me every night please help",
    "my stepfather touches me at night",
    "tetangga saya sering pukul anaknya sampai nangis",
    "guru ngaji meraba santriwati di pondok",
    "polisi minta damai 200 ribu waktu tilang di petung",
    "dinas pupr main proyek, pemenang tender sudah diatur",
    "kepala sekolah SMA 3 gelapkan dana BOS",
]
# Text, region, agency, level, the rule of the level.
LEVELS = [
    ("jalan berlubang di depan pasar", "64.09", "dpupr", "regency", "level:supposed"),
    ("jalan kabupaten rusak", "64.09.01.2020", "dpupr", "regency", "level:said:regency"),
    ("jalan provinsi rusak", "64.09", "dpupr-kaltim", "province", "level:said:province"),
    ("jalan nasional berlubang", "64.09", "bbpjn-kaltim", "national", "level:said:national"),
    ("jalan usaha tani rusak, jalan desa becek", "64.09", "dpupr", "regency", "instead:regency"),
    ("SMA negeri 1 pungut uang gedung", "64.09", "disdik-kaltim", "province", "level:said:province"),
    ("SMK negeri kekurangan guru", "64.09", "disdik-kaltim", "province", "level:said:province"),
    ("guru SD sering bolos, siswa pulang", "64.09", "disdikpora", "regency", "level:said:regency"),
    ("beasiswa mahasiswa belum cair", "64.09", "kemendikdasmen", "national", "level:said:national"),
    ("upah buruh tidak dibayar", "64.09", "disnaker-kaltim", "province", "level:said:province"),
    ("lowongan kerja dari disnakertrans", "64.09", "disnakertrans", "regency", "level:said:regency"),
    ("listrik padam terus", "64.09", "pln-ppu", "national", "level:vertical"),
    ("kartu bpjs kesehatan tidak aktif", "64.09", "bpjs-kesehatan", "national", "level:vertical"),
    ("motor saya dicuri, lapor polisi", "64.09", "polres-ppu", "national", "level:vertical"),
    ("sertifikat tanah PTSL belum jadi", "64.09.02", "bpn-ppu", "national", "level:vertical"),
    ("antrian paspor penuh", "64.09", "imigrasi-balikpapan", "national", "level:vertical"),
    ("biaya nikah di KUA mahal", "64.09", "kemenag-ppu", "national", "level:vertical"),
    ("petugas kecamatan tidak ramah, pelayanan lambat", "64.09.02.1001", "kec-waru", "district", "level:district"),
    ("petugas tidak ramah, pelayanan publik lambat", "64.09", "setda", "regency", "level:supposed"),
]


@pytest.mark.parametrize(("text", "region", "agency", "level", "rule"), LEVELS, ids=[row[0] for row in LEVELS])
def test_each_is_brought_to_the_level_of_government_that_does_it(text: str, region: str, agency: str, level: str, rule: str) -> None:
    first = suggested(text, region).candidates[0]
    assert (first.agency, first.level) == (agency, level)
    assert rule in first.rules


def test_in_the_capital_the_province_does_what_a_regency_does_elsewhere() -> None:
    jakarta = parse(HEAD + "sda-dki,Dinas SDA,province,31,flood_drainage,\nsudin,Suku Dinas,regency,31.71,flood_drainage,\n")
    first = suggested("selokan mampet, banjir", "31.71.01", Desk("jaki", jakarta)).candidates[0]
    assert (first.agency, "level:capital" in first.rules) == ("sda-dki", True)


@pytest.mark.parametrize("region", ["33.74", None])
def test_what_lies_outside_of_every_region_is_the_coordinators(region: str | None) -> None:
    found = suggested("jalan berlubang", region)
    assert (found.owner, found.reason, found.candidates) == ("diskominfo", "rule:nobody_competent", ())


def test_an_agency_of_the_whole_country_needs_no_region() -> None:
    assert suggested("paket pos indonesia saya hilang, kantor pos diam", None).candidates[0].agency == "pos-indonesia"


def test_without_a_directory_everything_is_the_coordinators() -> None:
    assert routing.owner_of(told("jalan berlubang"), Desk("diskominfo")) == Owner("diskominfo", "rule:coordinator")


def test_a_suggestion_is_shown_and_not_applied_until_the_deployment_says_from_which_score_on() -> None:
    text = "pdam air mati, air pdam tidak mengalir"
    score = suggested(text).candidates[0].score
    assert (suggested(text).owner, suggested(text).reason) == ("diskominfo", "rule:suggested_only")
    above, below = (suggested(text, desk=replace(DESK, apply_above=limit)) for limit in (score, score + 0.01))
    assert (above.owner, above.reason) == ("danum-taka", "rule:directory")
    assert (below.owner, below.reason) == ("diskominfo", "rule:below_threshold")


def test_what_may_be_two_agencies_is_for_a_person() -> None:
    two = (Category("road", 0.4, ""), Category("waste", 0.35, ""))
    found = routing.suggest(replace(about("road"), category=two[0], categories=two), replace(DESK, apply_above=0.01))
    assert (found.owner, found.reason) == ("diskominfo", "rule:ambiguous")
    assert [one.agency for one in found.candidates] == ["dpupr", "dlh"]


def test_two_categories_of_one_agency_are_no_doubt() -> None:
    two = (Category("road", 0.4, ""), Category("flood_drainage", 0.35, ""))
    found = routing.suggest(replace(about("road"), category=two[0], categories=two), replace(DESK, apply_above=0.5))
    assert (found.owner, found.reason) == ("dpupr", "rule:directory")


def test_who_is_addressed_by_name_is_closer() -> None:
    plain, addressed = (suggested(text) for text in ("banyak sampah", "yth dlh, banyak sampah"))
    assert addressed.candidates[0].agency == plain.candidates[0].agency == "dlh"
    assert addressed.candidates[0].score > plain.candidates[0].score
    assert "named" in addressed.candidates[0].rules


def test_where_two_regencies_may_be_meant_a_person_decides() -> None:
    complaint = replace(about("road"), place=Place("sukamaju", "64.09", "text", ambiguous=True))
    found = routing.suggest(complaint, replace(DESK, apply_above=0.01))
    assert (found.owner, found.reason) == ("diskominfo", "rule:ambiguous_place")


def test_what_says_nothing_is_triage() -> None:
    found = suggested("assalamualaikum", desk=replace(DESK, apply_above=0.01))
    assert (found.owner, found.reason) == ("diskominfo", "rule:needs_triage")


def test_what_no_public_service_can_settle_is_answered_with_another_door_and_stays_with_the_coordinator() -> None:
    always = replace(DESK, apply_above=0.01)
    assert [
        (one.owner, one.reason, one.door)
        for one in (
            suggested("perkara tanah saya sedang disidangkan di pengadilan", desk=always),
            suggested("toko online tidak kirim barang, refund ditolak", desk=always),
            suggested("pinjol ilegal teror saya, debt collector datang", desk=always),
        )
    ] == [
        ("diskominfo", "rule:beyond", "court"),
        ("diskominfo", "rule:beyond", "consumer_disputes"),
        ("diskominfo", "rule:beyond", "financial_regulator"),
    ]


def test_unpaid_wages_are_no_private_matter() -> None:
    found = suggested("gaji saya di toko online tidak dibayar, upah buruh ditahan perusahaan")
    assert (found.door, found.candidates[0].agency) == ("", "disnaker-kaltim")


CORRUPT = [
    "oknum dinas pendidikan minta uang pungli ke guru honorer, korupsi dana BOS",
    "pungli di kantor camat penajam, suap untuk surat tanah",
    "korupsi dana desa oleh kepala desa, laporan fiktif",
    "kepala dinas pupr korupsi proyek jalan, mark up",
]


@pytest.mark.parametrize("text", CORRUPT)
def test_corruption_is_confidential_and_never_goes_to_the_accused_unit(text: str) -> None:
    complaint = told(text)
    found = routing.suggest(complaint, replace(DESK, apply_above=0.01))
    assert confidential(complaint)
    assert not complaint.confidential, "the reporter did not ask for it, we did"
    assert [one.agency for one in found.candidates] == ["inspektorat"]


# Text, who looks into it: a school of the province is the province's, and the head of a government is above those who look into things there.
LOOKED_INTO = [
    ("pungli di SMA negeri 2, siswa dipaksa bayar uang bangku", "inspektorat-kaltim"),
    ("kepala sekolah SMK minta uang pungli untuk ijazah", "inspektorat-kaltim"),
    ("oknum guru SLB korupsi dana BOS", "inspektorat-kaltim"),
    ("pungli di SMP negeri 2, siswa dipaksa bayar uang bangku", "inspektorat"),
    ("pungli di SD, orang tua murid dipaksa bayar", "inspektorat"),
    ("pungli di SMA dan SMP", "inspektorat"),
    ("petugas samsat pungli, minta suap", "inspektorat-kaltim"),
    ("bupati korupsi proyek jalan", "inspektorat-kaltim"),
    ("Bupati PPU terima suap dari kontraktor", "inspektorat-kaltim"),
    ("kontraktor beri suap kepada bupati", "inspektorat-kaltim"),
    ("kepala dinas minta uang pungli untuk bupati", "inspektorat-kaltim"),
    ("walikota minta fee proyek, korupsi", "inspektorat-kaltim"),
    ("wakil bupati korupsi dana hibah", "inspektorat-kaltim"),
    ("the regent takes bribes, corruption everywhere", "inspektorat-kaltim"),
    ("gubernur korupsi, terima suap tambang", "kpk"),
    ("wagub kaltim korupsi dana bansos", "kpk"),
    ("bupati dan inspektorat provinsi terima suap, korupsi", "kpk"),
    ("Yth. Bapak Bupati, ada pungli di kantor camat", "inspektorat"),
    ("Pak Bupati tolong, petugas capil pungli", "inspektorat"),
    ("pak gubernur, di sekolah SD kami ada pungli", "inspektorat"),
    ("Kepada Bupati PPU. Ada korupsi dana desa", "inspektorat"),
    ("sudah lapor ke bupati, pungli di pasar masih ada", "inspektorat"),
    ("bupati harus tindak pungli di pelabuhan", "inspektorat"),
    ("mohon pak walikota berantas pungli parkir", "inspektorat"),
    ("ada pungli di depan kantor bupati", "inspektorat"),
    ("pungli melanggar peraturan bupati", "inspektorat"),
    # Spoken to in form, accused in fact.
    ("Pak Bupati minta fee proyek 10 persen dari kontraktor, ini korupsi", "inspektorat-kaltim"),
    ("Bapak Bupati terima suap 500 juta dari kontraktor", "inspektorat-kaltim"),
    ("Tolong usut, Pak Bupati korupsi dana desa.", "inspektorat-kaltim"),
    ("Bupati harus diperiksa karena menerima suap proyek", "inspektorat-kaltim"),
    ("Mohon Bupati diperiksa KPK, beliau menerima suap proyek", "inspektorat-kaltim"),
    ("Bupatinya minta setoran jabatan, pungli", "inspektorat-kaltim"),
    ("wabupnya korupsi dana desa", "inspektorat-kaltim"),
    ("bupati segera ditangkap, korupsi dana covid", "inspektorat-kaltim"),
    ("bupati mohon uang 50 juta untuk mutasi, ini suap", "inspektorat-kaltim"),
    # Only where it happened, or whose child it is.
    ("pungli parkir depan kampus", "inspektorat"),
    ("preman pungli sopir truk depan kantor pajak", "inspektorat"),
    ("pungli bansos oleh ketua RT, anak saya kuliah di universitas", "inspektorat"),
    ("pungli parkir depan rumah dinas gubernur", "inspektorat"),
    ("juru parkir liar pungli depan SMA 1 Penajam", "inspektorat"),
    ("pungli parkir di dekat samsat penajam", "inspektorat"),
    ("kades pungli uang bansos, anak saya sekolah di SMA", "inspektorat"),
    ("lurah minta uang sma warga tiap urus ktp, pungli", "inspektorat"),
    ("pungli di kelurahan Jl. Gubernur Suryo diminta bayar 50 ribu", "inspektorat"),
    ("Pak Bupati minta tolong, ada pungli di kelurahan", "inspektorat"),
]


@pytest.mark.parametrize(("text", "agency"), LOOKED_INTO, ids=[row[0] for row in LOOKED_INTO])
def test_corruption_is_looked_into_by_nobody_who_is_under_the_accused(text: str, agency: str) -> None:
    assert [one.agency for one in suggested(text).candidates] == [agency]


@pytest.mark.parametrize(
    ("text", "agency"),
    [
        ("bupati melecehkan stafnya, pelecehan seksual", "dp3a-kaltim"),
        ("anak saya dicabuli oleh bupati", "dp3a-kaltim"),
        ("saya dilecehkan pak bupati di rumah dinas", "dp3a-kaltim"),
        ("saya perempuan dipukuli pak bupati, KDRT", "dp3a-kaltim"),
        ("bupati telah menghamili siswi, pelecehan seksual", "dp3a-kaltim"),
        ("pak bupati tolong, suami memukul istri, KDRT", "dp3ap2kb"),
        ("mohon bupati datang pukul 8, suami memukul istri, KDRT", "dp3ap2kb"),
        ("pak bupati tolong rabat beton jalan ini, istri dipukul suami, KDRT", "dp3ap2kb"),
    ],
)
def test_violence_by_the_head_of_a_government_is_not_told_to_his_own_unit(text: str, agency: str) -> None:
    assert [one.agency for one in suggested(text).candidates] == [agency]


MOSTLY_OF_THE_PLACE = [
    "guru mencabuli siswa sekolah dasar di ruang kelas saat jam pelajaran",
    "dokter puskesmas melecehkan pasien di kamar rawat",
    "petugas samsat minta uang rokok buat perpanjang stnk dan pajak motor",
    "petugas loket capil pungli pembuatan ktp dan kartu keluarga",
]


@pytest.mark.parametrize("text", MOSTLY_OF_THE_PLACE)
def test_a_suspicion_closes_however_much_is_said_of_where_it_happened(text: str) -> None:
    complaint = told(text)
    assert confidential(complaint)
    assert {one.agency for one in routing.suggest(complaint, DESK).candidates}.isdisjoint({"disdikpora", "dinkes", "disdukcapil", "samsat"})


@pytest.mark.parametrize("text", ["jalan rusak parah, anak saya jatuh", "istri saya melahirkan di puskesmas, biayanya mahal", "uang kuliah mahal"])
def test_a_child_a_wife_or_money_is_no_suspicion(text: str) -> None:
    assert not confidential(told(text))


def test_when_those_who_look_into_it_are_accused_the_next_above_is_asked() -> None:
    found = suggested("oknum inspektorat terima suap, korupsi", desk=replace(DESK, apply_above=0.01))
    assert [one.agency for one in found.candidates] == ["inspektorat-kaltim"]
    assert "accused:inspektorat" in found.candidates[0].rules


def test_who_is_asked_to_look_into_it_is_not_accused() -> None:
    assert suggested("mohon inspektorat periksa, ada korupsi dan suap").candidates[0].agency == "inspektorat"


def test_the_agency_in_the_forms_field_is_who_it_is_about() -> None:
    assert suggested("ada korupsi dan suap di sini", agency="Inspektorat Daerah").candidates[0].agency == "inspektorat-kaltim"


def test_an_accused_coordinator_does_not_hold_the_case() -> None:
    found = suggested("pejabat diskominfo korupsi proyek, minta suap")
    assert (found.owner, found.reason) == ("inspektorat", "rule:coordinator_accused")


def test_violence_is_confidential_and_goes_to_those_who_protect() -> None:
    complaint = told("suami memukul istri tiap malam, KDRT, guru sekolah juga tahu")
    assert confidential(complaint)
    assert [one.agency for one in routing.suggest(complaint, DESK).candidates] == ["dp3ap2kb"]


@pytest.mark.parametrize("text", IN_CONFIDENCE)
def test_who_is_hurt_or_accuses_an_office_is_heard_in_confidence_however_they_say_it(text: str) -> None:
    assert confidential(told(text))
    assert not {"polres-ppu", "kemenag-ppu", "dpupr", "disdik-kaltim"} & {one.agency for one in suggested(text).candidates}


def test_what_is_sensitive_stays_closed_through_the_life_of_a_case() -> None:
    complaint = told("pungli korupsi suap")
    case, opened = cases.open_case(
        complaint,
        case_id=UUID(int=1),
        number="7K2M9QXF4T1Z",
        channel="post",
        owner=routing.owner_of(complaint, DESK),
        rules=routing.RULES,
        correspondent=None,
        status=cases.RECEIVED,
        at=NOON,
    )
    assert case.confidential
    filled, event = cases.fill(case, complaint, correspondent=None, reason="", at=NOON, suggestion=routing.owner_of(complaint, DESK).suggestion)
    assert filled.confidential
    assert cases.rebuild([opened, event]) == filled
    # What the event keeps is codes: the words are the complaint's, which can be erased.
    assert "pungli" not in str(opened.data[cases.SUGGESTION])
    assert opened.data[cases.SUGGESTION]["directory"] == PPU.version  # type: ignore[index]


def test_danger_to_life_stands_with_the_suggestion() -> None:
    assert suggested("kebakaran di pasar!").urgency == "life"


REGIONS = st.sampled_from([None, "", "64", "64.09", "64.09.01", "64.09.01.2020", "31.71", "33.74", "nonsense"])
TABLES = st.lists(st.sampled_from(PPU.agencies), unique=True, max_size=8).map(lambda some: Directory("test", tuple(some)))


@LAW
@given(
    WORDS,
    REGIONS,
    TABLES,
    st.none() | st.floats(0.01, 1),
    st.lists(st.builds(Category, st.sampled_from(sorted(category_codes())), st.floats(0, 1), st.just("")), max_size=3, unique_by=lambda found: found.code),
)
def test_there_is_always_exactly_one_owner_and_it_exists(
    text: str, region: str | None, table: Directory, apply_above: float | None, categories: list[Category]
) -> None:
    complaint = told(text)
    place = Place(None, region, "text") if region is not None else None
    complaint = replace(complaint, place=place, categories=tuple(categories), category=categories[0] if categories else None)
    found = routing.owner_of(complaint, Desk("diskominfo", table, apply_above))
    assert found.agency in {"diskominfo", *(agency.code for agency in table.agencies)}
    assert found.reason.startswith("rule:")
    suggestion = routing.suggest(complaint, Desk("diskominfo", table, apply_above))
    assert suggestion.kept() == found.suggestion
    assert all(0 <= one.score <= 1 for one in suggestion.candidates)


def test_the_directory_that_is_shipped_leaves_no_category_without_an_agency() -> None:
    assert category_codes() == {category for agency in PPU.agencies for category in agency.categories}
    assert {routing.suggest(about(category), DESK).reason for category in category_codes()} == {"rule:suggested_only"}
    # DOMAIN.md's units of the regency and its four kecamatan.
    assert {agency.region for agency in PPU.agencies if agency.level == "district"} == {"64.09.01", "64.09.02", "64.09.03", "64.09.04"}


WRONG = [
    ("", [(1, "columns")]),
    ("code,name,level,region\n", [(1, "categories is missing")]),
    ("code,name,level,region,categories,alias\n", [(1, "no column alias. Did you mean aliases?")]),
    (HEAD + "DPUPR,x,regency,64.09,road,\n", [(2, "small letters")]),
    (HEAD + "a,,regency,64.09,road,\n", [(2, "name is missing")]),
    (HEAD + "a,x,regenci,64.09,road,\n", [(2, "Did you mean regency?")]),
    (HEAD + "a,x,regency,6409,road,\n", [(2, "official code as 64.09")]),
    (HEAD + "a,x,province,64.09,road,\n", [(2, "official code as 64 for")]),
    (HEAD + "a,x,regency,64.09,raod,\n", [(2, "Did you mean road?")]),
    (HEAD + "a,Dinas A, B dan C,regency,64.09,road,\n", [(2, "7 cells")]),
    (HEAD + "a,x,regency,64.09,road,\n\na,y,regency,64.09,waste,\n", [(4, "line 2 already")]),
    (HEAD + "a,x,regency,64.09,road,\nb,y,regency,64.09,waste road,\n", [(3, "a (line 2) does")]),
    (HEAD + "a,x,x,64.09,road,\nB,y,regency,64.09,nix,\n", [(2, "level"), (3, "code"), (3, "nix")]),
]


@pytest.mark.parametrize(("table", "mistakes"), WRONG, ids=[str(mistakes) for _, mistakes in WRONG])
def test_every_mistake_of_a_table_is_told_with_its_line(table: str, mistakes: list[tuple[int, str]]) -> None:
    with pytest.raises(DirectoryMistakes) as wrong:
        parse(table)
    assert len(wrong.value.found) == len(mistakes)
    for (line, sentence), (expected, part) in zip(wrong.value.found, mistakes, strict=True):
        assert (line, part in sentence) == (expected, True), sentence


def test_a_table_as_an_indonesian_spreadsheet_saves_it_is_the_same(tmp_path: Path) -> None:
    table = 'code;name;level;region;categories;aliases\r\ndpupr;"Dinas PU, Penataan Ruang";regency;64.09;road flood_drainage;dinas pu|pupr\r\n'
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + table.encode())
    [agency] = directory.read(tmp_path / "a.csv").agencies
    assert (agency.name, agency.categories) == ("Dinas PU, Penataan Ruang", frozenset({"road", "flood_drainage"}))
    (tmp_path / "b.csv").write_bytes("code;näme".encode("latin-1"))
    assert "UTF-8" in directory.wrong_in(tmp_path / "b.csv")[1]


def test_a_change_of_the_table_is_another_version() -> None:
    assert parse(directory.example()).version == PPU.version
    assert parse(directory.example().replace("road flood_drainage,dinas pu|", "flood_drainage,dinas pu|")).version != PPU.version


def with_directory(world: Deployment, table: str, more: str = "") -> str:
    (world.folder / "agencies.csv").write_text(table, encoding="utf-8")
    return f'region = "64.09"\nrouting = {{ directory = "agencies.csv"{more} }}'


async def test_a_report_keeps_what_was_suggested_and_its_agency_is_applied_only_where_the_deployment_says_so(on_sqlite: Deployment) -> None:
    texts = [letter("air pdam mati, pdam tidak mengalir sejak kemarin", "SM1", at=NOON)]
    async with on_sqlite.node(more=with_directory(on_sqlite, directory.example())) as gateway:
        await receive_all(gateway, texts)
        [case] = await on_sqlite.until("cases", lambda rows: len(rows) == 1)
    assert case["owner"] == "diskominfo"
    [opened, *_] = await on_sqlite.rows("events")
    assert (opened["reason"], opened["data"]["suggestion"]["candidates"][0]["agency"]) == ("rule:suggested_only", "danum-taka")

    # The commands do not know this file's own kind of channel, and need none to look.
    (on_sqlite.folder / "look.toml").write_text((on_sqlite.folder / "a.toml").read_text().replace('[channels.post]\nkind = "postbox"', ""))
    traced = run(["trace", case["number"], "--config", str(on_sqlite.folder / "look.toml")], {**os.environ, "KEY": KEY}, ROOT)
    assert "suggested: danum-taka" in traced.stdout
    assert "category:water_supply, level:supposed, region:64.09" in traced.stdout

    async with on_sqlite.node(more=with_directory(on_sqlite, directory.example(), ", apply_above = 0.5")) as gateway:
        await receive_all(gateway, [letter("air pdam mati, pdam tidak mengalir lagi", "SM2", at=NOON, sender="+6281234567891")])
        await on_sqlite.until("cases", lambda rows: len(rows) == 2)
    assert sorted(row["owner"] for row in await on_sqlite.rows("cases")) == ["danum-taka", "diskominfo"]
    listed = {row["code"]: row["coordinator"] for row in await on_sqlite.rows("agencies")}
    assert [code for code, coordinator in listed.items() if coordinator] == ["diskominfo"]
    assert listed.keys() == {agency.code for agency in PPU.agencies}


async def test_the_table_is_in_the_backup(on_sqlite: Deployment) -> None:
    config = on_sqlite.config(more=with_directory(on_sqlite, directory.example()))
    async with on_sqlite.node(config=config) as gateway:
        await receive_all(gateway, [letter("air pdam mati", "SM1", at=NOON)])
        await on_sqlite.until("cases", lambda rows: len(rows) == 1)
    await back_up(config, on_sqlite.folder / "a.toml", on_sqlite.folder / "backup")
    assert (on_sqlite.folder / "backup" / "agencies.csv").read_text(encoding="utf-8") == directory.example()


def test_mistakes_of_the_directory_are_mistakes_of_the_configuration(on_sqlite: Deployment) -> None:
    table = HEAD + "a,x,regency,64.09,raod,\nb,,regency,64.09,waste,\n"
    with pytest.raises(Mistakes) as wrong:
        on_sqlite.config(more=with_directory(on_sqlite, table))
    assert wrong.value.sentences == [
        "routing.directory.line 2: The category “raod” is not known. Did you mean road?",
        "routing.directory.line 3: The name is missing.",
    ]
    with pytest.raises(Mistakes, match="route --example"):
        on_sqlite.config(more='routing = { directory = "nowhere.csv" }')
