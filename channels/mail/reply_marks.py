"""How mail programs mark what they quote and where they were written, in the languages they speak. Words only; reply.py knows what to do with them."""

from __future__ import annotations

import re

# First words of an attribution: Indonesian and Malay, English, then the rest by language.
_INTRODUCTIONS = (
    "pada (?:tanggal )?|tanggal |tgl |"
    "on |in message |at |"
    "am |den |dne |dňa |dana |le |el |em |a |il |in data |op |på |pe |w dniu |dnia |wt |kl\\. |va |leti |ma |"
    "в |во |у |на |στις |ngày |vào |בתאריך |ב|في |เมื่อ |於|在|"
)
# The verb, wherever a language puts it.
WROTE = re.compile(
    r"(?i)(?:\b(?:menulis|menuliskan|ditulis oleh|tulis|nulis|wrote|writes|said|schrieb|geschrieben|a écrit|écrit|escribió|escribio|escribía|escreveu|ha scritto|"
    r"scrisse|schreef|geschreven|skrev|skrifaði|kirjoitti|kirjutas|rakstīja|rašė|napisał(?:\(a\))?|napisała|pisze|napsal(?:\(a\))?|napsala|napísal(?:\(a\))?|"
    r"írta|ezt írta|a scris|je napisa[ol](?:/la)?|piše|je pisal|yazdı|şunu yazdı|şunları yazdı|έγραψε|написа(?:л|ла|в|ла|ли|л\(а\))?|пишет|пише|đã viết|viết)\b"
    r"|เขียน|写道|寫道|写了|書きました|のメール|님이 작성|작성:|כתב|כתבה|كتب)"
)
INTRODUCED = re.compile(rf"(?i)[*_\s\"]*(?:{_INTRODUCTIONS[:-1]})")
# "2011/4/7 ...", "26.06.2014, 14:41", "Thu, 26 Jun 2014 14:00:51", "2026年3月2日", "Wednesday, 17 November 2021, 3:32 PM".
DATED = re.compile(
    r"(?i)[*_\s(]*(?:\d{4}[-/.年]\s?\d{1,2}[-/.月]\s?\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}\b|[^\W\d_]{2,12}\.?,?\s+\d{1,2}\.?\s+[^\W\d_]{3,12}\.?,?\s+\d{2,4}\b"
    r"|[^\W\d_]{2,12}\.?,?\s+[^\W\d_]{3,12}\.?\s+\d{1,2},?\s+\d{4}\b|\d{1,2}\.?\s+[^\W\d_]{3,12}\.?,?\s+\d{4}\b)"
)
# "---- Budi wrote ----", "=== on Monday Budi wrote ===".
ATTRIBUTED = re.compile(rf"(?i)\s*[-=]{{2,}}[^\n]{{0,200}}(?:{WROTE.pattern.removeprefix('(?i)')})[^\n]{{0,60}}?[-=:]+\s*\Z")
_ORIGINAL = (
    "original message|original e-?mail|reply message|pesan asli|pesan asal|mesej asal|pesan sebelumnya|e-?mail asli|surat asli|"
    "ursprüngliche nachricht|originalnachricht|original-?nachricht|message d'origine|message d’origine|message original|message initial|message de départ|courriel original|"
    "mensaje original|mensagem original|messaggio originale|messaggio originario|oorspronkelijk bericht|origineel bericht|originele bericht|"
    "ursprungligt meddelande|originalmeddelande|oprindelig meddelelse|oprindelig besked|original besked|original meddelelse|opprinnelig melding|original melding|"
    "alkuperäinen viesti|wiadomość oryginalna|oryginalna wiadomość|původní zpráva|pôvodná správa|eredeti üzenet|mesaj original|mesajul original|originalna poruka|izvorna poruka|"
    "исходное сообщение|исходное письмо|оригинальное сообщение|пересылаемое сообщение|оригінальне повідомлення|orijinal ileti|orijinal mesaj|asıl ileti|özgün ileti|αρχικό μήνυμα|"
    "thư gốc|tin nhắn gốc|ข้อความต้นฉบับ|ข้อความเดิม|元のメッセージ|原始邮件|原始郵件|邮件原件|原始消息|원본 메시지|원본 메일|ההודעה המקורית|הודעה מקורית|الرسالة الأصلية"
)
ORIGINAL = re.compile(rf"(?i)\s*[-=_*>]{{2,}}\s*(?:{_ORIGINAL})\s*[-=_*<:]*\s*\Z")
FORWARDED = re.compile(
    r"(?i)\s*(?:[-=_*]{2,}\s*)?(?:begin forwarded message|forwarded message|forwarded by\b|(?:mulai )?pesan (?:yang )?diteruskan|pesan terusan|penerusan pesan|mesej dimajukan|"
    r"(?:anfang der )?weitergeleitete nachricht|message transféré|message réexpédié|début du message|mensaje reenviado|inicio del mensaje|mensagem encaminhada|mensagem reencaminhada|"
    r"messaggio inoltrato|inizio messaggio|doorgestuurd bericht|begin doorgestuurd|vidarebefordrat|videresendt|edelleenlähetetty|välitetty viesti|wiadomość przekazana|"
    r"přeposlaná zpráva|továbbított üzenet|mesaj redirecționat|пересланное сообщение|пересылаемое сообщение|переслане|iletilen ileti|iletilen mesaj|προωθημένο|"
    r"thư (?:đã )?chuyển tiếp|転送されたメッセージ|转发的邮件|轉寄的郵件|전달된 메시지)[^\n]{0,80}\Z"
)
_FROM = "from,dari,daripada,pengirim,von,de,de la,da,van,från,fra,frá,lähettäjä,od,feladó,от,від,от кого,kimden,gönderen,από,từ,người gửi,จาก,差出人,送信者,发件人,寄件者,寄件人,보낸 사람,보낸사람,발신,מאת,من"
_SENT = (
    "sent,date,received,dikirim,terkirim,dikirim pada,tanggal,tgl,waktu,tarikh,dihantar,gesendet,datum,gesendet am,envoyé,envoyé le,date d'envoi,enviado,enviado el,enviado em,fecha,data,"
    "inviato,inviata,data invio,verzonden,verzonden op,datum verzonden,skickat,datum,sendt,dato,lähetetty,päivämäärä,päiväys,wysłano,data wysłania,odesláno,odoslané,datum,küldve,elküldve,dátum,trimis,"
    "отправлено,дата,надіслано,gönderilme,gönderildi,gönderme tarihi,tarih,εστάλη,ημερομηνία,đã gửi,ngày,วันที่,ส่ง,送信日時,日付,日時,发送时间,日期,寄件日期,傳送日期,發送時間,보낸 날짜,날짜,נשלח,תאריך,تاريخ,التاريخ"
)
_TO = (
    "to,kepada,ke,untuk,an,à,a,para,per,aan,naar,till,til,vastaanottaja,do,dla,komu,pro,címzett,către,кому,кому,kime,alıcı,προς,đến,người nhận,ถึง,宛先,收件人,收件者,받는 사람,받는사람,수신,אל,إلى"
)
_CC = "cc,tembusan,salinan,kopie,copie,copia,cópia,kopia,kopi,kopio,dw,kópia,másolat,копия,копія,bilgi,κοιν,抄送,副本,참조,עותק,نسخة"
_SUBJECT = (
    "subject,perihal,hal,subjek,subyek,judul,betreff,objet,asunto,assunto,oggetto,onderwerp,ämne,emne,aihe,otsikko,temat,předmět,predmet,tárgy,subiect,тема,konu,θέμα,chủ đề,tiêu đề,เรื่อง,件名,主题,主題,主旨,제목,נושא,الموضوع"
)
BLOCK_LABELS = {
    label: kind for kind, labels in (("cc", _CC), ("subject", _SUBJECT), ("to", _TO), ("sent", _SENT), ("from", _FROM)) for label in labels.split(",")
}
SENT_FROM = re.compile(
    r"(?i)\s*[\[(]?(?:sent (?:from|via|with|using|by)\b|sent on the go|sent mobile|get outlook for|download outlook for|dikirim (?:dari|melalui|menggunakan|lewat)\b|terkirim dari\b|"
    r"dapatkan outlook|dihantar (?:dari|daripada)\b|diposting dari|von (?:meinem|meiner) \S+ gesendet|gesendet (?:von|mit|über)\b|von \S+ gesendet|outlook für |envoyé (?:de|depuis|avec|à partir)\b|"
    r"télécharger outlook|obtenir outlook|enviado (?:desde|de|do|a partir|con|con mi|pelo|via)\b|obtener outlook|obter o outlook|inviato (?:da|dal|con|tramite)\b|scarica outlook|"
    r"verzonden (?:vanaf|met|via|vanuit)\b|verstuurd vanaf\b|outlook voor |skickat från\b|skickades från\b|sendt fra\b|sendt via\b|lähetetty \S+|wysłan[eoy] (?:z|za)\b|odesláno z\b|odoslané z\b|"
    r"отправлено (?:с|из|от)\b|отправлено|надіслано з\b|elküldve\b|trimis de pe\b|poslano s\b|εστάλη από\b|iphone'umdan|ipad'imden|\S+'?\S* gönderildi|được gửi từ\b|gửi từ\b|ส่งจาก|"
    r"\S*から送信|发自我的|發自我的|发自\b|來自我的|나의 \S+에서 보냄|내 \S+에서 보냄|נשלח מה|أُرسلت من|مرسل من)[^\n]{0,120}\Z"
)
