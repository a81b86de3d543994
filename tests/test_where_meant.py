"""Which regencies a text is about, on a number for the whole country: what `./run normalize --stdin` tells as its place, reduced to regencies and provinces."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from normalizer import Place, Report, Setting, named_places, normalize

NOON = datetime(2026, 3, 17, 4, 0, tzinfo=UTC)
_REGENCY = 5

# The text, and the regencies (a province where only that is known) in the order in which they are told.
MEANT = {
    # A city and a regency of one name.
    "a bare name is the city's": ("Macet total di Semarang sejak sore", ["33.74"]),
    "also at the end": ("lampu taman kota mati semua, Bandung", ["32.73"]),
    "also in short": ("PKL liar smg makin banyak", ["33.74"]),
    "the regency is called so": ("kab semarang jalannya berlubang semua", ["33.22"]),
    "the regency once, the bare name later": ("Yth dinas PU Kab. Bandung. Jembatan ambrol, warga Bandung resah", ["32.04"]),
    "the bupati has a regency, also where the city is meant first": ("Pak Bupati tolong, jalan di Tangerang hancur", ["36.03"]),
    "the mayor has a city": ("Pak Walikota, drainase Tegal mampet", ["33.76"]),
    "a small city in a large regency may be either": ("listrik padam di Cirebon", ["32.74", "32.09"]),
    "another such": ("angkot ugal-ugalan di Bogor", ["32.71", "32.01"]),
    "a district decides for the regency": ("banjir di Cileungsi, Bogor", ["32.01"]),
    "a district decides for the city": ("sampah menumpuk di Tanah Sareal Bogor", ["32.71"]),
    "a village decides": ("jalan ke kelurahan Mlatiharjo Semarang rusak", ["33.74"]),
    "two names in two provinces": ("rumah kami di Banjar kebanjiran", ["32.79", "63.03"]),
    # How people call them.
    "the part of a capital": ("air PAM mati di jaktim", ["31.75"]),
    "a capital alone": ("ojol parkir sembarangan di Jakarta", ["31"]),
    "a suburb": ("TPU penuh, daerah tangsel", ["36.74"]),
    "a city by its nickname": ("becak di jogja makin semrawut", ["34.71"]),
    "a city, shortened, and a typo": ("pungli samsat surbaya", ["35.78"]),
    "a regency, shortened": ("kpd yth pemkab kukar, jembatan putus", ["64.02"]),
    "its town": ("trotoar purwokerto dipakai jualan", ["33.02"]),
    "its town, far away": ("kapal feri di Maumere tidak jalan", ["53.07"]),
    "its town with a cue": ("lampu merah kota Ungaran mati", ["33.22"]),
    "its town, in two words": ("listrik di Pangkalan Bun byar pet", ["62.01"]),
    "a town that is a village elsewhere": ("jalan desa Purwokerto kec. Ngadiluwih rusak", ["35.06"]),
    "a town's district": ("kec Cikarang Utara banjir rob", ["32.16"]),
    "a town by its district's first word": ("pabrik di cikarang buang limbah", ["32.16"]),
    "a bus by its city": ("halte transsemarang rusak", ["33.74"]),
    "kota for a regency's town": ("taman di kota Kendal gersang", ["33.24"]),
    "a town, compared with others": ("Taman kota Kudus kumuh. Kota Kudus harusnya rapi. Kapan kota kudus seperti kota Solo", ["33.19", "33.72"]),
    # What everybody knows.
    "a government house": ("demo di depan Gedung Sate bikin macet", ["32.73"]),
    "a market": ("kios pasar Klewer disewakan lagi", ["33.72"]),
    "an airport": ("taksi gelap di bandara Juanda", ["35.15"]),
    "a harbour": ("antrian truk di Pelabuhan Bakauheni", ["18.01"]),
    "a hospital": ("antri di RSUP Sardjito dari subuh", ["34.04"]),
    "a hospital with its doctor's title": ("igd RSUD Dr. Moewardi penuh", ["33.72"]),
    "a hospital, the short way": ("antri obat di RSUD Panembahan Senopati", ["34.02"]),
    "a waterworks": ("tagihan PDAM Tirta Pakuan naik tiga kali lipat", ["32.71"]),
    "a hospital that is anywhere": ("RSUD kami kekurangan dokter", []),
    "a street is not the airport of its name": ("macet di jalan Soekarno Hatta", []),
    "a station": ("copet di stasiun Gubeng", ["35.78"]),
    # One name more.
    "a district alone in the country behind a preposition": ("air mati di Tembalang", ["33.74"]),
    "a district alone, an office before it": ("puskesmas Baureno tutup jam 10", ["35.22"]),
    "a school with its number": ("depan SMPN 1 Baureno lubang besar", ["35.22"]),
    "a district, first in passing and then with a preposition": ("Ngaliyan macet. Mohon petugas di daerah Ngaliyan", ["33.74"]),
    "two districts of one city": ("jalan antara Tembalang dan Banyumanik macet", ["33.74"]),
    "two villages of one district, no cue": ("Banjir parah Muktiharjo Lor, Genuksari tiap hujan", ["33.74"]),
    "a village, shortened": ("got mampet kel Tj Priok Jakarta Utara", ["31.72"]),
    "a part of a city, shortened": ("jl berlubang kec Semarang Tmr", ["33.74"]),
    "a village of which there are many, and nothing else": ("desa Sukamaju belum ada air bersih", []),
    "a village of which there are many, in a regency": ("desa Sukamaju kab. Cianjur belum ada air bersih", ["32.03"]),
    "a district of which there are several": ("kec. Sukajaya gelap", ["11.72", "32.01"]),
    "a name that is a district there and parts of a village here": ("PKL di Tlogosari makin banyak", []),
    "the same with its city": ("PKL di Tlogosari semarang makin banyak", ["33.74"]),
    "a village and a district of the same name elsewhere": ("bansos di ds ngraho kec gayam", ["35.22"]),
    "common names of two districts of one regency": ("jalan Tanjung arah simpang Talang, Kramat dan sebaliknya gelap", []),
    "a village and its district, no cue, another village with one": ("Kandang ayam di Ds. Mendiro, Gulurejo, Lendah bau", ["34.01"]),
    # Several.
    "a regency and one that begins like it": ("warga Kab. OKU Selatan harus urus pajak ke Kab. OKU, Sumsel", ["16.09", "16.01"]),
    "two cities": ("kereta Surabaya Malang telat dua jam", ["35.78"]),
    "two regencies with cues": ("batas kab Kudus dan kab Pati tidak jelas", ["33.19", "33.18"]),
    "a village here and a city in passing": ("desa Girimukti kec. Penajam gelap, beda dengan Balikpapan", ["64.09", "64.71"]),
    # Names in handles, hashtags and addresses of offices.
    "a city's handle": ("min @pemkotsby lampu merah mati", ["35.78"]),
    "a regency's handle": ("cc @pemkabbogor tolong jembatan ambruk", ["32.01"]),
    "a police's handle": ("lapor @polrestabesbandung balap liar tiap malam", ["32.73"]),
    "an office's address": ("sudah kirim lewat dispenduk.malangkota.go.id belum dijawab", ["35.73"]),
    "a regency's address": ("web bandungkab.go.id tidak bisa dibuka", ["32.04"]),
    "a province's address": ("formulir di bappeda.jatimprov.go.id rusak", ["35"]),
    "a hashtag": ("banjir lagi #Palembang", ["16.71"]),
    "a hashtag of two words": ("macet parah #infoSemarang", ["33.74"]),
    "what only begins like a handle": ("kotak amal dicuri, info dong", []),
    # In whole sentences.
    "a highway to one city in another": ("Jl. Raya Bogor km 30 Cimanggis Depok berlubang", ["32.76"]),
    "a street called after one city in another": ("Jl Bandung no 5 Makassar gelap", ["73.71"]),
    "a city's hospital": ("antrian RSUD Kota Bekasi panjang sekali", ["32.75"]),
    "a district in a part of Jakarta": ("trotoar kec. Menteng jakpus rusak", ["31.71"]),
    "a letter": ("Kepada Yth. Bapak Walikota Surakarta di tempat. Kami warga Jebres mohon pelebaran jalan", ["33.72"]),
    "an estate and its city": ("Perumahan Harapan Indah Bekasi air PDAM mati", ["32.75"]),
    "a province and its regency": ("Gubernur Jawa Tengah, jalan di Blora hancur", ["33.16"]),
    "a way": ("dari Depok ke Jakarta Selatan macet dua jam", ["32.76", "31.74"]),
    "from where one comes, and where it is": ("saya orang Medan, ktp saya diurus di kec. Cilandak Jakarta Selatan", ["31.74"]),
    "three times one, once another": ("Surabaya panas. Pohon di Surabaya ditebang. Surabaya butuh taman seperti di Malang", ["35.78"]),
    "a district that is a province's name elsewhere": ("kec. Jambi Selatan kota Jambi banjir", ["15.71"]),
    "a regency, a part of it shortened": ("Dinas Pertanian Kab. Bt Hari, sawah kami kering", ["15.04"]),
    "a short form alone is no name": ("bt saja yang jatuh, gn juga", []),
    "no vowels": ("jln rsk d kec tmblng smg", ["33.74"]),
    "all in capitals": ("JALAN RUSAK DI KECAMATAN GENUK KOTA SEMARANG", ["33.74"]),
    "an agency with its city": ("Dishub Kota Malang tolong tertibkan parkir liar", ["35.73"]),
    "an agency with its regency": ("Dinas PU Kabupaten Malang tolong jembatan", ["35.07"]),
    "a regency that begins as a city is called": ("sampah di Lembang, Bandung Barat", ["32.17"]),
    "both are named": ("antara Kota Bogor dan Kabupaten Bogor saling lempar", ["32.71", "32.01"]),
    # No place.
    "a person": ("pak Bandung Bondowoso belum terima bansos", ["35.11"]),
    "a company": ("PT Semarang Jaya tidak bayar THR", []),
    "a virtue": ("semoga makmur, maju dan sukses", []),
    "food": ("anak saya tidak bisa makan, air baru keruh", []),
    "coal": ("debu batu bara masuk rumah", []),
    "a full river": ("sungai penuh sampah", []),
    "a range": ("harga gas di kisaran 27 ribu", []),
    "along": ("lampu mati sepanjang jalan, alasan petugas tidak ada tambahan anggaran", []),
    "good luck": ("semoga bahagia sentosa jaya", []),
    "nothing": ("kapan blangko e-ktp tersedia", []),
    "a surname": ("kepala sekolah bernama Siantar marah-marah", []),
    # Far from Java.
    "Aceh": ("jalan rusak gampong Lambaro kec. Ingin Jaya Aceh Besar", ["11.06"]),
    "Papua": ("listrik Timika padam terus", ["94.04"]),
    "Maluku": ("air bersih di Masohi macet", ["81.01"]),
    "Sulawesi": ("pasar di Watampone kebakaran", ["73.08"]),
    "Batam": ("banjir di Batu Aji Batam", ["21.71"]),
    "Nusa Tenggara": ("jalan rusak Praya, Lombok Tengah", ["52.02"]),
    "Bali": ("macet parah di Ubud, Gianyar", ["51.04"]),
    "West Sumatra": ("pungli jam gadang", ["13.75"]),
    "the new capital": ("debu proyek IKN", ["64.09"]),
}


def meant(text: str) -> list[str]:
    place = normalize(Report(None, text, NOON), Setting()).place or Place(None, None, "text")
    return list(dict.fromkeys(code[:_REGENCY] for code in named_places(place)))


@pytest.mark.parametrize("label", MEANT)
def test_the_regencies_that_are_meant_are_told_in_order(label: str) -> None:
    text, regencies = MEANT[label]
    assert meant(text) == regencies


def test_on_the_number_of_a_regency_what_is_named_in_passing_comes_after_it() -> None:
    place = normalize(Report(None, "kapal ke balikpapan sering telat", NOON), Setting(region="64.09")).place
    assert place
    assert named_places(place) == ["64.09", "64.71"]


def test_a_title_names_a_region_too() -> None:
    report = Report(None, "Sudah tiga hari mati.", NOON, subject="Lampu jalan di Purwokerto")
    place = normalize(report, Setting()).place
    assert place
    assert named_places(place) == ["33.02"]
