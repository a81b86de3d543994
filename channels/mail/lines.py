"""What ends a line of a mail's head. Pure. Sources: RFC 5322, section 2.3 (CR and LF only together); RFC 5321, section 2.3.8.

Mail servers look at lines that end in CR LF. A reader that takes a bare CR or LF for an end as well sees headers that no server on the way has seen: a forged
Authentication-Results in the middle of a Subject would be taken for our border server's own word.
"""

from __future__ import annotations

import re

_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")


def with_one_kind_of_line(raw: bytes) -> bytes:
    r"""The mail, its head without bare CR and LF: a space stands in their place, so that each stays in its own line. Nothing else moves.

    A head that has no CR LF at all (a file, a scanner of long ago) ends its lines in LF, and stays as it is: no server looked at it line by line.

    >>> with_one_kind_of_line(b"Subject: a\nAuthentication-Results: forged\r\n\r\nbody\n.\r\n")
    b'Subject: a Authentication-Results: forged\r\n\r\nbody\n.\r\n'
    >>> with_one_kind_of_line(b"Subject: a\rX: b\r\n\nnot yet the body\r\n\r\nbody")
    b'Subject: a X: b\r\n not yet the body\r\n\r\nbody'
    >>> with_one_kind_of_line(b"Subject: a\nFrom: b\n\nbody\r\n")
    b'Subject: a\nFrom: b\n\nbody\r\n'
    """
    first, blank = raw.find(b"\r\n"), raw.find(b"\n\n")
    if first < 0 or 0 <= blank < first:
        return raw
    # A mail may begin with its empty line.
    end = 0 if first == 0 else raw.find(b"\r\n\r\n")
    end = len(raw) if end < 0 else end
    return _BARE.sub(b" ", raw[:end]) + raw[end:] if end else raw
