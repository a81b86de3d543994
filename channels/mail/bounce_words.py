"""How mail systems say that a mail did not arrive, in the languages they speak. Words only; bounces.py knows when to believe them."""

from __future__ import annotations

import re

from channels.mail.phrases import either

# Local parts, and addresses without a domain, of mail systems.
DAEMON = re.compile(
    r"(?i)\A\s*<?(?:mailer[-_.]?daemon|post[-_.]?master|mail[-_.]?daemon|mdaemon|mail[-_.]?delivery[\w-]*|microsoftexchange\w*)(?:@|>|\s|\Z)",
)

# Of what may be one.
_OFFICES = r"""
mail[-_.]?adm\w*|bounces?|imss|interscan\w*|mmsc\w*|notes ?admin|delivery[-_.]?\w*|symantec\w*|m(?:ime|ail)sweeper|sysadmin|daemon|root|no-?reply
owner-[^@]*|[^@]+-(?:admin|owner|request)
"""
OFFICE = re.compile(rf"(?i)\A{either(_OFFICES)}@")

# What they are called, and what may be one.
DAEMON_NAME = re.compile(
    r"(?i)mail(?:er)?[- ]?daemon|mail deliver(?:y|ing)? ?(?:sub)?-?system|mail delivery|delivery subsystem|postmaster|internet mail delivery|ndr administrator"
)
_NAMES = r"""
delivery (?:system|notification|agent)|mail (?:administrat|system|router|server|gateway)|mail-?system|system ?administrat|message transfer|returned mail
microsoft exchange|microsoft outlook\b|interscan|administrateur|administrador del|サーバ|管理者
"""
OFFICE_NAME = re.compile(f"(?i){either(_NAMES)}")

_SUBJECTS = r"""
# English
undeliver|non[- ]?deliver|not (?:be )?deliver|unable to (?:deliver|send)|(?:could|can)(?: ?not|n't|'t) (?:be )?(?:deliver|sen[dt])
return(?:ed)? (?:e-?)?mail|mails? (?:was )?returned|return(?:ed)? to sender|failure notice|mail (?:system )?error|mail (?:delivery|status|failure)
delivery[- ](?:status|failure|fail|failed|error|report|problem|notification|warning|has failed|incomplete|delayed?|attempt)
deliver(?:y|ing)? (?:your )?(?:message|mail)? ?(?:has |was )?(?:failed|failure|delayed|error)
message (?:delivery|status|not delivered|undelivered|delayed|could not)
postmaster (?:notify|warning)|error sending|error (?:in )?(?:processing|delivering)|processing error|nameserver error|transport failure|delayed mail
warning: (?:could not send|message|e-?mail|mail)
ndn:|ndr\b|bounced?\b|mailbox (?:full|unavailable|is full|over)|over quota|user unknown|unknown (?:user|address|recipient)|rejected|banned file
you .{1,120} are not member|not member article
# Indonesian and Malay
tidak (?:dapat |bisa )?(?:ter)?kirim|tidak (?:dapat|bisa) (?:dikirim|disampaikan)|tidak tersampaikan|gagal (?:di|ter)?kirim
pengiriman (?:pesan |email |surel )?gagal|tidak dapat dihantar
# German
unzustellbar|nicht zugestellt|nicht zustell|zustell(?:ung|fehler)|nicht ausgeliefert
# French
non remis|échec de (?:la )?remise|échec d['’]envoi|non distribu|état de remise|remise retardée
# Spanish, Portuguese, Italian, Romanian
no se (?:puede|pudo|ha podido) entregar|no entregado|correo devuelto|estado de (?:la )?entrega|error (?:de|en la) entrega
não entreg|não foi possível entregar|falha na entrega|status d[ae] entrega
impossibile recapitare|non recapitabile|mancat[oa] (?:recapito|consegna)|stato (?:di |del )?recapito|nelivrat|imposibil de livrat
# Dutch, Swedish, Danish, Norwegian, Finnish
onbestelbaar|niet (?:bezorgd|afgeleverd)|kan niet worden bezorgd|bezorgfout|olevererbar|oleverbart|gick inte att leverera
kunne ikke leveres|kan ikke leveres|ikke levert|ikke leveret|viestiä ei voi(?:tu)? toimittaa|toimitus epäonnistui
# Polish, Czech, Slovak, Hungarian
niedostarcz|nie można dostarczyć|zwrot (?:poczty|wiadomości)|nie dostarczono|nedoručiteln|nelze doručit|nedoručen|kézbesíthetetlen|kézbesítés
# Russian, Ukrainian, Turkish, Vietnamese, Thai
не (?:было )?доставлен|недоставлен|не уда(?:лось|ется) доставить|невозможно доставить|не вдалося доставити|teslim edileme|iletilemedi|gönderilemedi
không thể (?:gửi|phân phối)|không gửi được|ไม่สามารถส่ง
# Japanese, Chinese, Korean
配信不能|配信(?:エラー|できません|失敗)|送信(?:できません|エラー|失敗)|配送(?:失敗|エラー|不能)|戻って|不達|未達|届きません
无法(?:投递|送达|传递)|退信|投递失败|未能送达|發送失敗|未傳遞|無法(?:傳遞|投遞)|退回|배달(?:되지|할 수| 실패)|전송 ?실패|발송 ?실패|반송
# Hebrew, Arabic
לא ניתן למסור|لم يتم تسليم|تعذر (?:تسليم|التسليم)
"""  # noqa: RUF001  # letters of other scripts
SUBJECT = re.compile(f"(?i){either(_SUBJECTS)}")

# What is said of the mail in the text; spaces are single, line breaks are spaces.
_BODIES = r"""
# Programs that present themselves
this is the (?:mail system|postfix (?:program|mail system)|qmail-send program|mailer-daemon|mail delivery|dragonfly|\S{1,40} mail (?:system|agent))
mail system at host|created automatically by (?:the )?(?:mail|smtp)|automatically (?:generated|created)[^.]{0,30}delivery
transcript of (?:the )?(?:session|smtp)
# English
i(?:'|’)m (?:afraid|sorry)[^.]{0,60}(?:able to deliver|inform you|to have to)
(?:could|can|was|were|did|has|have)(?: ?not|n't) (?:been |be )?(?:successfully )?(?:deliver|reach|receive|sen[dt]|complet|transmit)
(?:unable|failed|trying|trouble|error|failure|problem|attempt(?:ing|ed)?)(?: (?:was|occurred|while|in|with|to|an?|has)){0,8} (?:deliver|send|forward|process)
deliver(?:y|ing)[^.]{0,60}(?:fail|error|delayed|problem|impossible|not possible|has been (?:delayed|suspended|postponed))|undeliver|non-?deliver
address(?:\(?e?s\)?)? (?:had|failed|has|have|with) |following (?:e-?mail )?(?:address|recipient|destination|user|mailbox)
permanent (?:fatal )?(?:delivery )?(?:error|failure)
(?:user|recipient|mailbox|address|account|host|domain)(?: name| address)?\)? (?:is |was |has been )?(?:unknown|unavailable|disabled|full|rejected|invalid)
(?:user|recipient|mailbox|address|account|host|domain)(?: name| address)?\)? (?:is |was |has been )?(?:over ?quota|exceeded|suspended|inactive)
(?:user|recipient|mailbox|address|account|host|domain)(?: name| address)?\)? (?:is |was |has )?not (?:found|exist|available|recogni[sz]ed|listed|local)
(?:unknown|no such|invalid|bad|illegal|nonexistent) (?:local )?(?:user|recipient|address|mailbox|host|domain|account)
no (?:valid recipients|mailbox here)
(?:mailbox|quota|mailfolder|disk)[^.]{0,30}(?:full|exceed)|(?:over|exceed\w*) (?:the )?(?:its |their |his )?(?:disk |storage |mailbox )?quota
(?:returned|bounced)(?: e-?)? ?(?:mail|message|because|to sender)|has been returned|is being returned|intended recipient:|doesn't have a|access denied
message (?:was )?(?:rejected|refused|blocked|not accepted)|still being retried|warning message only|will (?:continue|keep) try
message has been in the queue
has been postponed|temporarily deferred|you are not a member|not (?:a )?member of
# The protocols
\brcpt to\b|<<< [45]\d\d|said: [45]\d\d|\b5\d\d[ -][45]\.\d+\.\d+\b|smtp error|remote (?:host|server|mta)|reporting-mta|final-recipient
# Indonesian
tidak (?:dapat|bisa) (?:di)?(?:kirim|sampaikan|antar|terkirim)|gagal (?:di|ter|me)?kirim|gagal mengirim
# German, French, Dutch
(?:konnte|kann|wurde)[^.]{0,60}nicht (?:zugestellt|ausgeliefert|übermittelt)|n['’]a (?:pas )?pu être (?:remis|distribu|livr|envoy)|échec de la remise
kon(?:den)? niet worden (?:bezorgd|afgeleverd)
# Spanish, Portuguese, Italian
no (?:se )?(?:pudo|ha podido|puede)[^.]{0,40}entreg|não (?:pôde|foi possível|pode)[^.]{0,40}entreg
impossibile (?:recapitare|consegnare)|non (?:è stato|può essere)[^.]{0,40}(?:recapitat|consegnat)
# Russian, Ukrainian, Turkish
не (?:может быть|было|удалось|удаётся|удается)[^.]{0,60}достав|письмо не доставлено|не може бути доставлен|teslim edileme
# Japanese, Chinese, Korean
送信(?:できません|でき ?ません|が?失敗)|配信(?:できません|に失敗)|お届け(?:できません|出来ません)|届けることが|エラー
无法投递|退信|未能送达|無法(?:傳遞|投遞)|전송(?:하지 못|되지|에 실패)|배달(?:하지|되지)
"""  # noqa: RUF001  # letters of other scripts
BODY = re.compile(f"(?i){either(_BODIES)}")

# From here on stands the mail that came back.
_COPIES = r"""
[-=_*]{2,60}[^\n]{0,10}?(?:this is a copy|below this line|(?:original|returned) (?:message|mail)|unsent message|message header|enclosed is)[^\n]{0,80}
[-=_*]{2,60}[^\n]{0,10}?(?:the (?:header|body) of the original|forwarded message|copy of|transmitted message|undelivered message)[^\n]{0,80}
(?:your )?original message (?:headers?|details|follows|text)[^\n]{0,40}|original message:?[ \t]*|message headers? follows?[^\n]{0,20}
below is a copy of the original message[^\n]{0,10}|included is a copy of the message[^\n]{0,20}
a copy of (?:your|the) (?:original )?message[^\n]{0,40}
(?:the )?first \d{1,4} lines of your[^\n]{0,60}|received:[ \t]*(?:from|by|\(qmail)[^\n]*|return-path:[^\n]*|--- ?below[^\n]*
-{3,60}original (?:mail|message)[^\n]{0,20}
"""
COPY_FOLLOWS = re.compile(rf"(?im)^[ \t]{{0,20}}{either(_COPIES)}$")

_DELAYS = r"""
\bdelay(?:ed)?\b|warning (?:message )?only|still being retried|will (?:be retried|continue|keep|retry|try)|could not send message for past
not (?:yet )?been delivered
has been postponed|do not need to (?:resend|re-send)|no action is required|temporar(?:y|ily) (?:failure|problem)|tertunda|verzögert|retardé|demora
ritardo|vertraagd|задерж
"""
DELAYED = re.compile(f"(?i){either(_DELAYS)}")
