"""How answering machines call themselves and what they say, in the languages of citizens and their mail programs. Words only."""

from __future__ import annotations

import re

# The whole subject, or before a colon: "Automatic reply: ...". A citizen's "Jawaban otomatis SP4N tidak membantu" goes on without one.
AWAY_SUBJECT = re.compile(
    r"(?i)\A\s*(?:(?:re|aw|sv|bls|fw|fwd|balas)\s*:\s*)*\[?(?:"
    r"auto(?:matic|mated|matically generated)?[- _]?(?:reply|response|answer|responder|respond|acknowledg[e]?ment)|autoreply|autoresponse|auto"
    r"|out[- ]of[- ](?:the )?office(?: (?:autoreply|reply|response|notice|message|notification))?|ooo|away from (?:my|the) (?:office|mail|desk)|vacation (?:reply|response|notice|message)"
    r"|(?:jawaban|balasan|respon|respons|tanggapan|pesan|jawapan) otomatis|(?:balasan|jawapan|maklum balas) automatik|balas otomatis|(?:sedang )?di luar kantor|sedang cuti|di luar pejabat"
    r"|automatische (?:antwort|rückmeldung|abwesenheitsnotiz)|abwesenheits(?:notiz|nachricht|meldung|benachrichtigung|assistent)|abwesend|nicht im (?:büro|haus)"
    r"|réponse automatique|absence du bureau|absent du bureau|message d['’]absence|notification d['’]absence"
    r"|respuesta automática|respuesta automatica|fuera de (?:la )?oficina|autorrespuesta|resposta automática|resposta automatica|fora do escritório|ausência temporária"
    r"|risposta automatica|fuori (?:sede|ufficio)|assente dall['’]ufficio|automatisch antwoord|automatische reactie|niet aanwezig|afwezigheidsmelding|afwezig"
    r"|automatiskt svar|autosvar|frånvarande|frånvaromeddelande|automatisk svar|fraværende|ikke til stede|fraværsmelding|automaattinen vastaus|poissa(?: toimistosta)?"
    r"|odpowiedź automatyczna|autoodpowiedź|automatyczna odpowiedź|nieobecność|poza biurem|automatická odpověď|automatická odpoveď|mimo kancelář|automatikus válasz|házon kívül"
    r"|răspuns automat|automatski odgovor|автоматический ответ|автоответ|отсутствие на рабочем месте|нет на рабочем месте|автоматична відповідь"
    r"|otomatik (?:yanıt|cevap)|ofis dışında|αυτόματη απάντηση|εκτός γραφείου|trả lời tự động|thư trả lời tự động|ตอบกลับอัตโนมัติ|การตอบกลับอัตโนมัติ"
    r"|自動応答|自動返信|不在(?:通知|のお知らせ)|自动回复|自动答复|自動回覆|자동 회신|자동 응답|자동회신|부재중|תשובה אוטומטית|מענה אוטומטי|רد تلقائي|رد تلقائي|الرد التلقائي"
    r")\]?\s*(?:[:：\-–—(]|\Z)",
)
# In the first words of an answer.
AWAY = re.compile(
    r"(?i)(?:"
    r"\bthis is an? (?:auto(?:matic|mated|matically generated)?|vacation|out[- ]of[- ]office)[- ]?(?:generated )?(?:reply|response|message|answer|acknowledg[e]?ment|e-?mail|notification)"
    r"|\b(?:i am|i'm|i’m|i will be|i'll be|i’ll be|we are)(?: (?:currently|presently|now|away|traveling|travelling|and))* (?:out of (?:the |my |our )?office|on (?:\w+ )?(?:leave|vacation|holidays?)"
    r"|away from (?:the |my )?(?:office|desk|e-?mail)|not in the office|away (?:until|from|till)|traveling|travelling|unavailable until)"
    r"|\b(?:limited|intermittent|no) access to (?:my )?e-?mail\b|\bthis e-?mail (?:was|is) (?:automatically generated|generated automatically)|\bdo not reply to this (?:automated |automatic )?(?:e-?mail|message)"
    r"|\b(?:your|this) (?:e-?mail|message|mail) (?:address )?(?:is|was) no longer (?:monitored|in use|valid|active)"
    r"|\b(?:pesan|surel|e-?mail|balasan|jawaban) (?:ini |yang )*(?:adalah )?(?:dikirim|dibuat|dibalas|dihasilkan|dikirimkan|terkirim|balasan|jawaban|pesan)?(?: secara)? ?otomatis"
    r"|\bini adalah (?:pesan|balasan|jawaban|e-?mail|surel|respon|respons) otomatis|\bmohon (?:untuk )?tidak (?:membalas|dibalas)|\bjangan (?:balas|membalas) (?:e-?mail|surel|pesan) ini"
    r"|\bsaya (?:saat ini |sedang |akan |tengah )+(?:cuti|berada di luar kantor|di luar kantor|dinas luar|perjalanan dinas|tidak berada di kantor|tidak di kantor|tidak di tempat|berlibur|libur)"
    r"|\b(?:mesej|e-?mel) ini (?:dihantar|dijana) secara automatik"
    r"|\bich bin (?:derzeit|zur zeit|momentan|bis|vom|ab|aktuell|leider|im moment)[^.]{0,80}(?:nicht (?:im|erreichbar|am)|im urlaub|abwesend|außer haus)|\bdies ist eine automatisch"
    r"|\bje suis (?:actuellement |absent|en congé|en vacances)[^.]{0,60}(?:absent|congé|vacances|jusqu)|\bceci est (?:un message|une réponse) automatique"
    r"|\b(?:estoy|estaré) (?:actualmente )?(?:fuera de (?:la )?oficina|de vacaciones|ausente)|\bestaré ausente|\beste es un (?:mensaje|correo) automático"
    r"|\b(?:estou|estarei) (?:atualmente )?(?:ausente|fora do escritório|de férias)|\besta é uma (?:mensagem|resposta) automática"
    r"|\b(?:sono|sarò) (?:attualmente )?(?:assente|fuori ufficio|in ferie)|\bquesto è un messaggio automatico|\bik ben (?:momenteel |tot )?[^.]{0,40}(?:afwezig|niet aanwezig|met vakantie|niet op kantoor)"
    r"|\bя (?:сейчас |в настоящее время )?(?:нахожусь )?в отпуске|\bэто автоматическ|\b(?:şu anda )?ofis dışındayım|\bizindeyim|只今不在|現在不在|自動的に送信|自动回复|此邮件为自动|自動回覆"
    r")",
)
# Addresses that say that nobody reads them. With digits or words around: "no-reply-2", "jira-noreply".
NO_REPLY = re.compile(
    r"(?i)(?:\A|[^a-z])(?:no[-_.]?reply|do[-_.]?not[-_.]?(?:reply|respond)|dont[-_.]?reply|no[-_.]?response|not?[-_.]?responder|nao[-_.]?responda|ne[-_.]?pas[-_.]?repondre|"
    r"nicht[-_.]?antworten|jangan[-_.]?(?:balas|dibalas)|tidak[-_.]?dibalas|auto[-_.]?(?:reply|responder|mailer))(?:[^a-z]|\Z)|\Anoreply|\Ano-reply|noreply\Z"
)
# Programs, and offices of machines.
NOBODY = re.compile(
    r"(?i)(?:mailer[-_.]?daemon|postmaster|mail[-_.]?daemon|daemon|nobody|root|cron|www-data|apache|nginx|bounces?|bounce[-+=_.].*|.*[-+_.]bounces?|.*[-+]bounces?[+-].*|owner-.*|.*-owner|"
    r".*-request|listserv|majordomo|mailman|mailagent|uucp|news|system|mdaemon)\Z"
)
