"""How mail systems say that a mail did not arrive, in the languages they speak. Words only; bounces.py knows when to believe them."""

from __future__ import annotations

import re

# Local parts, and addresses without a domain, of mail systems.
DAEMON = re.compile(r"(?i)\A\s*<?(?:mailer[-_.]?daemon|postmaster|mail[-_.]?daemon|mdaemon|mail[-_.]?delivery[\w-]*|microsoftexchange\w*)(?:@|>|\s|\Z)")
# Of what may be one.
OFFICE = re.compile(
    r"(?i)\A(?:mail[-_.]?adm\w*|bounces?|imss|interscan\w*|mmsc\w*|notes ?admin|delivery[-_.]?\w*|symantec\w*|m(?:ime|ail)sweeper|sysadmin|daemon|root|no-?reply|owner-[^@]*|[^@]+-(?:admin|owner|request))@"
)
DAEMON_NAME = re.compile(
    r"(?i)mail(?:er)?[- ]?daemon|mail deliver(?:y|ing)? ?(?:sub)?-?system|delivery (?:sub)?system|mail (?:delivery|administrat|system)|system administrat|postmaster|mail router|"
    r"internet mail delivery|ndr administrator|message transfer|returned mail|mailsystem|microsoft exchange|microsoft outlook\b|interscan|mail server|mail gateway|systemadministrator|"
    r"administrateur|administrador del|mail-system|delivery (?:notification|agent)|サーバ|管理者"
)
SUBJECT = re.compile(
    r"(?i)undeliver|non[- ]?deliver|not (?:be )?deliver|could(?: not|n't) (?:be )?(?:deliver|sen[dt])|can(?:not|'t) (?:be )?(?:deliver|sen[dt])|unable to (?:deliver|send)|returned (?:e-?)?mail|"
    r"mail(?:s)? (?:was )?returned|return(?:ed)? to sender|failure notice|delivery[- ](?:status|failure|fail|failed|error|report|problem|notification|warning|has failed|incomplete|delayed?|"
    r"attempt)|deliver(?:y|ing)? (?:your )?(?:message|mail)? ?(?:has |was )?(?:failed|failure|delayed|error)|mail (?:system )?error|mail delivery|mail status|mail failure|"
    r"message (?:delivery|status|not delivered|undelivered|delayed|could not)|nondeliver|error sending|error (?:in )?(?:processing|delivering)|processing error|delayed mail|"
    r"warning: (?:could not send|message|e-?mail|mail)|"
    r"ndn:|ndr\b|bounce[d]?\b|mailbox (?:full|unavailable|is full|over)|over quota|user unknown|unknown (?:user|address|recipient)|rejected|nameserver error|transport failure|banned file|"
    r"you .{1,120} are not member|not member article|"
    r"unzustellbar|nicht zugestellt|nicht zustell|zustell(?:ung|fehler)|nicht ausgeliefert|non remis|échec de (?:la )?remise|échec d['’]envoi|non distribu|état de remise|remise retardée|"
    r"no se (?:puede|pudo|ha podido) entregar|no entregado|correo devuelto|estado de (?:la )?entrega|error (?:de|en la) entrega|não entreg|não foi possível entregar|falha na entrega|"
    r"status d[ae] entrega|impossibile recapitare|non recapitabile|mancat[oa] (?:recapito|consegna)|stato (?:di |del )?recapito|onbestelbaar|niet (?:bezorgd|afgeleverd)|kan niet worden bezorgd|"
    r"bezorgfout|olevererbar|oleverbart|gick inte att leverera|kunne ikke leveres|kan ikke leveres|ikke levert|ikke leveret|viestiä ei voi(?:tu)? toimittaa|toimitus epäonnistui|"
    r"niedostarcz|nie można dostarczyć|zwrot (?:poczty|wiadomości)|nie dostarczono|nedoručiteln|nelze doručit|nedoručen|kézbesíthetetlen|kézbesítés|nelivrat|imposibil de livrat|"
    r"не (?:было )?доставлен|недоставлен|не уда(?:лось|ется) доставить|не доставлено|невозможно доставить|не вдалося доставити|не доставлено|teslim edileme|iletilemedi|gönderilemedi|"
    r"tidak (?:dapat |bisa )?(?:ter)?kirim|gagal (?:ter)?kirim|pengiriman (?:pesan |email |surel )?gagal|gagal dikirim|tidak (?:dapat|bisa) (?:dikirim|disampaikan)|tidak tersampaikan|"
    r"tidak dapat dihantar|không thể (?:gửi|phân phối)|không gửi được|ไม่สามารถส่ง|配信不能|配信(?:エラー|できません|失敗)|送信(?:できません|エラー|失敗)|配送(?:失敗|エラー|不能)|戻って|不達|未達|届きません|"
    r"无法(?:投递|送达|传递)|退信|投递失败|未能送达|發送失敗|未傳遞|無法(?:傳遞|投遞)|退回|배달(?:되지|할 수| 실패)|전송 ?실패|발송 ?실패|반송|לא ניתן למסור|لم يتم تسليم|تعذر (?:تسليم|التسليم)"
)
# What is said of the mail in the text; spaces are single, line breaks are spaces.
BODY = re.compile(
    r"(?i)this is the (?:mail system|postfix (?:program|mail system)|qmail-send program|mailer-daemon|mail delivery|dragonfly|\S+ mail (?:system|agent))|mail system at host|"
    r"i(?:'|’)m (?:afraid|sorry)[^.]{0,60}(?:able to deliver|inform you|to have to)|created automatically by (?:the )?(?:mail|smtp)|automatically (?:generated|created)[^.]{0,30}delivery|"
    r"(?:could|can|was|were|did|has|have)(?: ?not|n't) (?:been |be )?(?:successfully )?(?:deliver|reach|receive|sen[dt]|complet|transmit)|cannot (?:be )?(?:deliver|sen[dt])|"
    r"(?:unable|failed|trying|trouble|error|failure|problem|attempt(?:ing|ed)?)(?: (?:was|occurred|while|in|with|to|an?|has|have))* (?:to )?(?:deliver|send|forward|process)|"
    r"deliver(?:y|ing)[^.]{0,60}(?:fail|error|delayed|problem|impossible|not possible|has been (?:delayed|suspended|postponed))|undeliver|non-?deliver|"
    r"address(?:\(?e?s\)?)? (?:had|failed|has|have|with) |following (?:e-?mail )?(?:address|recipient|destination|user|mailbox)|permanent (?:fatal )?(?:delivery )?(?:error|failure)|"
    r"transcript of (?:the )?(?:session|smtp)|(?:user|recipient|mailbox|address|account|host|domain)(?: name| address)?\)? (?:is |was |has been )?(?:unknown|not (?:found|exist|available|recogni[sz]ed|listed|"
    r"local)|unavailable|disabled|full|rejected|invalid|over ?quota|exceeded|suspended|inactive)|(?:unknown|no such|invalid|bad|illegal|nonexistent) (?:local )?(?:user|recipient|address|mailbox|host|domain|"
    r"account)|(?:mailbox|quota|mailfolder|disk)[^.]{0,30}(?:full|exceed)|(?:over|exceed\w*) (?:the )?(?:its |their |his )?(?:disk |storage |mailbox )?quota|no (?:valid recipients|mailbox here)|"
    r"(?:returned|bounced)(?: e-?)? ?(?:mail|message|because|to sender)|has been returned|is being returned|intended recipient:|\brcpt to\b|<<< [45]\d\d|said: [45]\d\d|\b5\d\d[ -][45]\.\d+\.\d+\b|"
    r"smtp error|remote (?:host|server|mta)|doesn't have a|access denied|message (?:was )?(?:rejected|refused|blocked|not accepted)|still being retried|warning message only|will (?:continue|keep) try|"
    r"message has been in the queue|has been postponed|temporarily deferred|you are not a member|not (?:a )?member of|reporting-mta|final-recipient|"
    r"(?:konnte|kann|wurde)[^.]{0,60}nicht (?:zugestellt|ausgeliefert|übermittelt)|n['’]a (?:pas )?pu être (?:remis|distribu|livr|envoy)|échec de la remise|no (?:se )?(?:pudo|ha podido|puede)[^.]{0,40}entreg|"
    r"não (?:pôde|foi possível|pode)[^.]{0,40}entreg|impossibile (?:recapitare|consegnare)|non (?:è stato|può essere)[^.]{0,40}(?:recapitat|consegnat)|kon(?:den)? niet worden (?:bezorgd|afgeleverd)|"
    r"не (?:может быть|было|удалось|удаётся|удается)[^.]{0,60}достав|письмо не доставлено|не може бути доставлен|tidak (?:dapat|bisa) (?:di)?(?:kirim|sampaikan|antar|terkirim)|gagal (?:di|ter|me)?kirim|"
    r"gagal mengirim|teslim edileme|送信(?:できません|でき ?ません|が?失敗)|配信(?:できません|に失敗)|お届け(?:できません|出来ません)|届けることが|ディレクトリのリストにありません|エラー|无法投递|退信|未能送达|無法(?:傳遞|投遞)|전송(?:하지 못|되지|에 실패)|배달(?:하지|되지)"
)
# From here on stands the mail that came back.
COPY_FOLLOWS = re.compile(
    r"(?im)^[ \t]*(?:[-=_*]{2,}[^\n]{0,10}?(?:this is a copy|below this line|original (?:message|mail)|returned (?:message|mail)|unsent message|message header|the (?:header|body) of the original|"
    r"forwarded message|enclosed is|copy of|transmitted message|undelivered message)[^\n]{0,80}|(?:your )?original message (?:headers?|details|follows|text)[^\n]{0,40}|original message:?[ \t]*|"
    r"message headers? follows?[^\n]{0,20}|below is a copy of the original message[^\n]{0,10}|included is a copy of the message[^\n]{0,20}|(?:the )?first \d+ lines of your[^\n]{0,60}|"
    r"received:[ \t]*(?:from|by|\(qmail)[^\n]*|return-path:[^\n]*|--- ?below[^\n]*|a copy of (?:your|the) (?:original )?message[^\n]{0,40}|-{3,}original (?:mail|message)[^\n]{0,20})$"
)
DELAYED = re.compile(
    r"(?i)\bdelay(?:ed)?\b|warning (?:message )?only|still being retried|will (?:be retried|continue|keep|retry|try)|could not send message for past|not (?:yet )?been delivered|has been postponed|"
    r"do not need to (?:resend|re-send)|no action is required|temporar(?:y|ily) (?:failure|problem)|verzögert|retardé|demora|ritardo|vertraagd|задерж|tertunda"
)
