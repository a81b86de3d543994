"""How mail programs mark what they quote and where they were written, in the languages they speak. Words only; reply.py knows what to do with them."""

from __future__ import annotations

import re

from channels.mail.phrases import either

# First words of an attribution.
_INTRODUCTIONS = """
# Indonesian, Malay, English
pada (?:tanggal )?|tanggal |tgl |on |in message |at
# German, Danish, Swedish, Norwegian, Dutch, Finnish, Estonian
am |den |kl\\. |op |på |pe
# French, Spanish, Portuguese, Italian, Romanian
le |el |em |a |il |in data |la
# Czech, Slovak, Slovene, Polish, Croatian, Hungarian
dne |dňa |dana |w dniu |dnia |wt |u |v |va
# Russian, Ukrainian, Greek, Vietnamese, Hebrew, Arabic, Thai, Chinese
в |во |у |на |στις |ngày |vào |בתאריך |ב|في |เมื่อ |於|在
"""  # noqa: RUF001  # letters of other scripts
INTRODUCED = re.compile(rf'(?i)[*_\s"]{{0,9}}{either(_INTRODUCTIONS)}')

# The verb, wherever a language puts it.
_VERBS = r"""
# Indonesian, Malay, English
menulis|menuliskan|ditulis oleh|tulis|nulis|wrote|writes|said
# German, Dutch, Scandinavian, Finnish, Baltic
schrieb|geschrieben|schreef|geschreven|skrev|skrifaði|kirjoitti|kirjutas|rakstīja|rašė
# French, Spanish, Portuguese, Italian, Romanian
a écrit|écrit|escribió|escribio|escribía|escreveu|ha scritto|scrisse|a scris
# Polish, Czech, Slovak, Hungarian, Croatian, Slovene, Turkish, Greek
napisał(?:\(a\))?|napisała|pisze|napsal(?:\(a\))?|napsala|napísal(?:\(a\))?|írta|ezt írta|je napisa[ol](?:/la)?|piše|je pisal|yazdı|şunu yazdı
şunları yazdı|έγραψε
# Russian, Ukrainian, Vietnamese
написа(?:л|ла|в|ли|л\(а\))?|пишет|пише|đã viết|viết
"""  # noqa: RUF001  # letters of other scripts
WROTE = re.compile(rf"(?i)(?:\b{either(_VERBS)}\b|เขียน|写道|寫道|写了|書きました|のメール|님이 작성|작성:|כתב|כתבה|كتب)")

# "2011/4/7 ...", "26.06.2014, 14:41", "Thu, 26 Jun 2014 14:00:51", "2026年3月2日", "Wednesday, 17 November 2021, 3:32 PM".
_DATES = r"""
\d{4}[-/.年]\s?\d{1,2}[-/.月]\s?\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}\b|\d{1,2}\.?\s+[^\W\d_]{3,12}\.?,?\s+\d{4}\b
[^\W\d_]{2,12}\.?,?\s+\d{1,2}\.?\s+[^\W\d_]{3,12}\.?,?\s+\d{2,4}\b|[^\W\d_]{2,12}\.?,?\s+[^\W\d_]{3,12}\.?\s+\d{1,2},?\s+\d{4}\b
"""
DATED = re.compile(rf"(?i)[*_\s(]{{0,9}}{either(_DATES)}")
# "---- Budi wrote ----".
ATTRIBUTED = re.compile(rf"(?i)\s*[-=]{{2,40}}[^\n]{{0,200}}(?:{WROTE.pattern.removeprefix('(?i)')})[^\n]{{0,60}}?[-=:]{{1,40}}\s*\Z")

_ORIGINALS = """
# English, Indonesian, Malay
original message|original e-?mail|reply message|pesan asli|pesan asal|mesej asal|pesan sebelumnya|e-?mail asli|surat asli
# German, French, Spanish, Portuguese, Italian, Dutch, Romanian
ursprüngliche nachricht|original-?nachricht|message d['’]origine|message original|message initial|message de départ|courriel original|mensaje original
mensagem original
messaggio originale|messaggio originario|oorspronkelijk bericht|origineel bericht|originele bericht|mesaj original|mesajul original
# Swedish, Danish, Norwegian, Finnish
ursprungligt meddelande|originalmeddelande|oprindelig meddelelse|oprindelig besked|original besked|original meddelelse|opprinnelig melding
original melding|alkuperäinen viesti
# Polish, Czech, Slovak, Hungarian, Croatian
wiadomość oryginalna|oryginalna wiadomość|původní zpráva|pôvodná správa|eredeti üzenet|originalna poruka|izvorna poruka
# Russian, Ukrainian, Turkish, Greek, Vietnamese, Thai
исходное сообщение|исходное письмо|оригинальное сообщение|оригінальне повідомлення|orijinal ileti|orijinal mesaj|asıl ileti|özgün ileti|αρχικό μήνυμα
thư gốc|tin nhắn gốc|ข้อความต้นฉบับ|ข้อความเดิม
# Japanese, Chinese, Korean, Hebrew, Arabic
元のメッセージ|原始邮件|原始郵件|邮件原件|原始消息|원본 메시지|원본 메일|ההודעה המקורית|הודעה מקורית|الرسالة الأصلية
"""  # noqa: RUF001  # letters of other scripts
ORIGINAL = re.compile(rf"(?i)\s*[-=_*>]{{2,60}}\s*{either(_ORIGINALS)}\s*[-=_*<:]*\s*\Z")

_FORWARDS = """
# English, Indonesian, Malay
begin forwarded message|forwarded message|forwarded by\\b|(?:mulai )?pesan (?:yang )?diteruskan|pesan terusan|penerusan pesan|mesej dimajukan
# German, French, Spanish, Portuguese, Italian, Dutch, Romanian
(?:anfang der )?weitergeleitete nachricht|message transféré|message réexpédié|début du message|mensaje reenviado|inicio del mensaje
mensagem encaminhada|mensagem reencaminhada
messaggio inoltrato|inizio messaggio|doorgestuurd bericht|begin doorgestuurd|mesaj redirecționat
# Swedish, Danish, Norwegian, Finnish, Polish, Czech, Hungarian
vidarebefordrat|videresendt|edelleenlähetetty|välitetty viesti|wiadomość przekazana|přeposlaná zpráva|továbbított üzenet
# Russian, Ukrainian, Turkish, Greek, Vietnamese, Japanese, Chinese, Korean
пересланное сообщение|пересылаемое сообщение|переслане|iletilen ileti|iletilen mesaj|προωθημένο|thư (?:đã )?chuyển tiếp|転送されたメッセージ
转发的邮件|轉寄的郵件|전달된 메시지
"""
FORWARDED = re.compile(rf"(?i)\s*(?:[-=_*]{{2,60}}\s*)?{either(_FORWARDS)}[^\n]{{0,80}}\Z")

# The lines of a mail's head, as programs quote it.
_FROM = """
from,dari,daripada,pengirim,von,de,de la,da,van,från,fra,frá,lähettäjä,od,feladó,от,від,от кого,kimden,gönderen,από,từ,người gửi,จาก,
差出人,送信者,发件人,寄件者,寄件人,보낸 사람,보낸사람,발신,מאת,من
"""
_SENT = """
sent,date,received,dikirim,terkirim,dikirim pada,tanggal,tgl,waktu,tarikh,dihantar,gesendet,datum,gesendet am,envoyé,envoyé le,
date d'envoi,enviado,enviado el,enviado em,fecha,data,inviato,inviata,data invio,verzonden,verzonden op,datum verzonden,skickat,sendt,
dato,lähetetty,päivämäärä,päiväys,wysłano,data wysłania,odesláno,odoslané,küldve,elküldve,dátum,trimis,отправлено,дата,надіслано,
gönderilme,gönderildi,gönderme tarihi,tarih,εστάλη,ημερομηνία,đã gửi,ngày,วันที่,ส่ง,送信日時,日付,日時,发送时间,日期,寄件日期,傳送日期,
發送時間,보낸 날짜,날짜,נשלח,תאריך,تاريخ,التاريخ
"""
_TO = """
to,kepada,ke,untuk,an,à,a,para,per,aan,naar,till,til,vastaanottaja,do,dla,komu,pro,címzett,către,кому,kime,alıcı,προς,đến,người nhận,
ถึง,宛先,收件人,收件者,받는 사람,받는사람,수신,אל,إلى
"""  # noqa: RUF001  # letters of other scripts
_CC = "cc,tembusan,salinan,kopie,copie,copia,cópia,kopia,kopi,kopio,dw,kópia,másolat,копия,копія,bilgi,κοιν,抄送,副本,참조,עותק,نسخة"
_SUBJECT = """
subject,perihal,hal,subjek,subyek,judul,betreff,objet,asunto,assunto,oggetto,onderwerp,ämne,emne,aihe,otsikko,temat,předmět,predmet,
tárgy,subiect,тема,konu,θέμα,chủ đề,tiêu đề,เรื่อง,件名,主题,主題,主旨,제목,נושא,الموضوع
"""
# A label to what it is: "from" | "sent" | "to" | "cc" | "subject".
BLOCK_LABELS = {
    label: kind
    for kind, labels in (("cc", _CC), ("subject", _SUBJECT), ("to", _TO), ("sent", _SENT), ("from", _FROM))
    for label in labels.replace("\n", "").split(",")
}

_DEVICES = r"""
# English, Indonesian, Malay
sent (?:from|via|with|using|by)\b|sent on the go|sent mobile|get outlook for|download outlook for
dikirim (?:dari|melalui|menggunakan|lewat)\b|terkirim dari\b|dapatkan outlook|dihantar (?:dari|daripada)\b|diposting dari
# German, French, Dutch
von (?:meinem|meiner) \S{1,30} gesendet|gesendet (?:von|mit|über)\b|von \S{1,30} gesendet|outlook für |envoyé (?:de|depuis|avec|à partir)\b
télécharger outlook|obtenir outlook
verzonden (?:vanaf|met|via|vanuit)\b|verstuurd vanaf\b|outlook voor
# Spanish, Portuguese, Italian, Romanian
enviado (?:desde|de|do|a partir|con|con mi|pelo|via)\b|obtener outlook|obter o outlook|inviato (?:da|dal|con|tramite)\b|scarica outlook|trimis de pe\b
# Swedish, Danish, Norwegian, Finnish, Polish, Czech, Slovak, Hungarian, Croatian
skickat från\b|skickades från\b|sendt fra\b|sendt via\b|lähetetty \S{1,30}|wysłan[eoy] (?:z|za)\b|odesláno z\b|odoslané z\b|elküldve\b|poslano s\b
# Russian, Ukrainian, Greek, Turkish, Vietnamese, Thai
отправлено|надіслано з\b|εστάλη από\b|\S{1,30}'?\S{0,10} gönderildi|iphone'umdan|ipad'imden|được gửi từ\b|gửi từ\b|ส่งจาก
# Japanese, Chinese, Korean, Hebrew, Arabic
\S{0,30}から送信|发自我的|發自我的|发自\b|來自我的|나의 \S{1,30}에서 보냄|내 \S{1,30}에서 보냄|נשלח מה|أُرسلت من|مرسل من
"""
# A few more words at the most: a citizen may tell what was sent from where.
SENT_FROM = re.compile(rf"(?i)\s*[\[(]?{either(_DEVICES)}\S*(?:[ \t]+\S+){{0,6}}\s*\Z")
