"""E-mail: SMTP in, IMAP in, both read by one reader; out by a relay. One address of ours, one answer in the same thread."""
