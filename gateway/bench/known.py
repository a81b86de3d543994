"""What those that serve and those that load them agree on. Nothing is imported here: what is measured must not hold what only a client needs."""

ACCOUNT, TOKEN = "AC" + "0" * 32, "only for measuring, on loopback"
PUBLIC = "https://ukur.example"
# Of the variants that have no configuration: makes their numbers and the keys of their forms.
KEY = b"k" * 32
MAILBOX = "lapor@ukur.example"
SMS, FORM = "/in/sms/message", "/lapor"
