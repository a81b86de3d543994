"""What all pages of the demo say, in Indonesian and English. They are no citizens' pages, so their words stand here and not in the catalogues."""

from __future__ import annotations

INDONESIAN = {
    "lang": "id",
    "title": "Peragaan",
    "mistake": "Ada kesalahan: ",
    "skip": "Langsung ke isi",
    "tongue": "Bahasa",
    "doors": "Pintu",
    "reload": "Muat ulang untuk melihat balasan",
    "heading": "Tiga pintu, satu rumah",
    "lede": "Anda menjadi warga. Tulis laporan di pintu mana saja, lalu lihat tanda terimanya datang lewat pintu yang sama.",
    "honest": "Semua di halaman ini tiruan yang berjalan di komputer Anda. Tidak ada SMS atau surel yang keluar. Telegram menyusul.",
    "sms": "SMS",
    "sms_hint": "HP dengan nomor Anda sendiri. Foto ikut sebagai MMS.",
    "sms_open": "Buka HP",
    "mail": "Surel",
    "mail_hint": "Program surel dengan alamat Anda sendiri. Lampirkan foto, lalu balas dalam utas yang sama.",
    "mail_open": "Buka program surel",
    "web": "Formulir web",
    "web_hint": "Isi formulir di tab lain dan simpan nomornya. Nomor HP atau alamat surel di formulir mendapat pesan di HP atau kotak surat di sini.",
    "web_open": "Buka formulir",
    "behind": "Lihat di baliknya",
    "behind_hint": "Ganti NUMBER dengan nomor laporan Anda. Perintah kedua membuktikan bahwa tidak ada yang hilang.",
    "decimal": ",",
    "clock": ".",
}

ENGLISH = {
    "lang": "en",
    "title": "Demo",
    "mistake": "Something is wrong: ",
    "skip": "Skip to the content",
    "tongue": "Language",
    "doors": "Doors",
    "reload": "Reload to see the answer",
    "heading": "Three doors, one house",
    "lede": "You are the citizen. Write a report at any door and see its acknowledgement come back through the same one.",
    "honest": "Everything on this page is imitated on your own computer. No SMS or mail leaves it. Telegram will follow.",
    "sms": "SMS",
    "sms_hint": "A phone with a number of your own. A picture goes along as MMS.",
    "sms_open": "Open the phone",
    "mail": "Mail",
    "mail_hint": "A mail program with an address of your own. Attach a picture, then answer in the same thread.",
    "mail_open": "Open the mail program",
    "web": "Web form",
    "web_hint": "Fill in the form in another tab and keep its number. A number or an address in the form gets its message on the phone or mailbox here.",
    "web_open": "Open the form",
    "behind": "Look behind it",
    "behind_hint": "Put your report's number in place of NUMBER. The second command proves that nothing was lost.",
    "decimal": ".",
    "clock": ":",
}

LANGUAGES = {"id": INDONESIAN, "en": ENGLISH}
