"""How answering machines call themselves and what they say, in the languages of citizens and their mail programs. Words only."""

from __future__ import annotations

import re

from channels.mail.phrases import either

_SUBJECTS = r"""
# English
auto(?:matic|mated|matically generated)?[- _]?(?:reply|response|answer|responder|respond|acknowledg[e]?ment)|autoreply|autoresponse|auto(?=\s*:)|ooo
out[- ]of[- ](?:the )?office(?: (?:autoreply|reply|response|notice|message|notification))?|away from (?:my|the) (?:office|mail|desk)
vacation (?:reply|response|notice|message)
# Indonesian and Malay
(?:jawaban|balasan|respon|respons|tanggapan|pesan|jawapan) otomatis|balas otomatis|(?:sedang )?di luar kantor|sedang cuti
(?:balasan|jawapan|maklum balas) automatik|di luar pejabat
# German, French, Dutch
automatische (?:antwort|rückmeldung|abwesenheitsnotiz)|abwesenheits(?:notiz|nachricht|meldung|benachrichtigung|assistent)|abwesend
nicht im (?:büro|haus)
réponse automatique|absence du bureau|absent du bureau|message d['’]absence|notification d['’]absence
automatisch antwoord|automatische reactie|niet aanwezig|afwezigheidsmelding|afwezig
# Spanish, Portuguese, Italian, Romanian
respuesta autom[áa]tica|fuera de (?:la )?oficina|autorrespuesta|resposta autom[áa]tica|fora do escritório|ausência temporária
risposta automatica|fuori (?:sede|ufficio)|assente dall['’]ufficio|răspuns automat
# Swedish, Danish, Norwegian, Finnish
automatiskt svar|autosvar|frånvarande|frånvaromeddelande|automatisk svar|fraværende|ikke til stede|fraværsmelding|automaattinen vastaus
poissa(?: toimistosta)?
# Polish, Czech, Slovak, Hungarian, Croatian
odpowiedź automatyczna|autoodpowiedź|automatyczna odpowiedź|nieobecność|poza biurem|automatická odpov[eě]ď|mimo kancelář|automatikus válasz
házon kívül|automatski odgovor
# Russian, Ukrainian, Turkish, Greek, Vietnamese, Thai
автоматический ответ|автоответ|отсутствие на рабочем месте|нет на рабочем месте|автоматична відповідь|otomatik (?:yanıt|cevap)|ofis dışında
αυτόματη απάντηση|εκτός γραφείου|trả lời tự động|thư trả lời tự động|ตอบกลับอัตโนมัติ|การตอบกลับอัตโนมัติ
# Japanese, Chinese, Korean, Hebrew, Arabic
自動応答|自動返信|不在(?:通知|のお知らせ)|自动回复|自动答复|自動回覆|자동 회신|자동 응답|자동회신|부재중|תשובה אוטומטית|מענה אוטומטי|رد تلقائي
الرد التلقائي
"""  # noqa: RUF001  # letters of other scripts
# The whole subject, or before a colon: "Automatic reply: ...". A citizen's "Jawaban otomatis SP4N tidak membantu" goes on without one.
AWAY_SUBJECT = re.compile(
    rf"(?i)\A\s*(?:(?:re|aw|sv|bls|fw|fwd|balas)\s*:\s*){{0,5}}\[?{either(_SUBJECTS)}\]?\s*(?:[:：\-–—(]|\Z)",  # noqa: RUF001  # colons and dashes of all programs
)

_BODIES = r"""
# English
\bthis is an? (?:auto(?:matic|mated|matically generated)?|vacation|out[- ]of[- ]office)[- ]?(?:generated )?(?:reply|response|message|answer|e-?mail)
\b(?:i am|i['’]m|i will be|i['’]ll be|we are)(?: (?:currently|now|away|and)){0,3} (?:out of (?:the |my )?office|on (?:\w+ )?(?:leave|vacation|holidays?))
\b(?:i am|i['’]m|i will be|i['’]ll be)(?: (?:currently|presently|now)){0,3} (?:away (?:until|till|from) |not in the office|travell?ing)
\b(?:limited|intermittent|no) access to (?:my )?e-?mail\b|\bthis e-?mail (?:was|is) (?:automatically generated|generated automatically)
\bdo not reply to this (?:automated |automatic )?(?:e-?mail|message)
\b(?:your|this) (?:e-?mail|message|mail) (?:address )?(?:is|was) no longer (?:monitored|in use|valid|active)
# Indonesian and Malay
\b(?:pesan|surel|e-?mail|balasan|jawaban) (?:ini |yang ){0,2}(?:adalah )?(?:dikirim(?:kan)?|dibuat|dibalas|balasan|jawaban)?(?: secara)? ?otomatis
\bini adalah (?:pesan|balasan|jawaban|e-?mail|surel|respon|respons) otomatis|\bmohon (?:untuk )?tidak (?:membalas|dibalas)
\bjangan (?:balas|membalas) (?:e-?mail|surel|pesan) ini
\bsaya (?:saat ini |sedang |akan |tengah ){1,3}(?:cuti|(?:berada )?di luar kantor|dinas luar|tidak (?:berada )?di (?:kantor|tempat)|(?:ber)?libur)
\b(?:mesej|e-?mel) ini (?:dihantar|dijana) secara automatik
# German, French, Dutch
\bich bin (?:derzeit|zur zeit|momentan|bis|vom|ab|aktuell|leider|im moment).{0,80}(?:nicht (?:im|erreichbar|am)|im urlaub|abwesend|außer haus)
\bdies ist eine automatisch
\bje suis (?:actuellement |absent|en congé|en vacances)[^.]{0,60}(?:absent|congé|vacances|jusqu)|\bceci est (?:un message|une réponse) automatique
\bik ben (?:momenteel |tot )?[^.]{0,40}(?:afwezig|niet aanwezig|met vakantie|niet op kantoor)
# Spanish, Portuguese, Italian
\b(?:estoy|estaré) (?:actualmente )?(?:fuera de (?:la )?oficina|de vacaciones|ausente)|\bestaré ausente|\beste es un (?:mensaje|correo) automático
\b(?:estou|estarei) (?:atualmente )?(?:ausente|fora do escritório|de férias)|\besta é uma (?:mensagem|resposta) automática
\b(?:sono|sarò) (?:attualmente )?(?:assente|fuori ufficio|in ferie)|\bquesto è un messaggio automatico
# Russian, Turkish, Japanese, Chinese
\bя (?:сейчас |в настоящее время )?(?:нахожусь )?в отпуске|\bэто автоматическ|\b(?:şu anda )?ofis dışındayım|\bizindeyim|只今不在|現在不在
自動的に送信|自动回复|此邮件为自动|自動回覆
"""  # noqa: RUF001  # letters of other scripts
# In the first words of an answer.
AWAY = re.compile(f"(?i){either(_BODIES)}")

_NO_REPLIES = r"""
no[-_.]?reply|do[-_.]?not[-_.]?(?:reply|respond)|dont[-_.]?reply|no[-_.]?response|jangan[-_.]?(?:balas|dibalas)|tidak[-_.]?dibalas
auto[-_.]?(?:reply|responder|mailer)
not?[-_.]?responder|nao[-_.]?responda|ne[-_.]?pas[-_.]?repondre|nicht[-_.]?antworten
"""
# Addresses that say that nobody reads them, with other words around: "no-reply-2", "jira-noreply".
NO_REPLY = re.compile(rf"(?i)(?:\A|[^a-z]){either(_NO_REPLIES)}(?:[^a-z]|\Z)|\Ano-?reply|noreply\Z")

_NOBODIES = r"""
mailer[-_.]?daemon|post[-_.]?master|mail[-_.]?daemon|daemon|nobody|root|cron|www-data|apache|nginx|listserv|majordomo|mailman|mailagent|uucp|mdaemon
bounces?|bounce[-+=_.].*|.*[-+_.]bounces?|.*[-+]bounces?[+-].*|owner-.*|.*-owner|.*-request
"""
# Programs, and offices of machines.
NOBODY = re.compile(rf"(?i){either(_NOBODIES)}\Z")
