"""What our own border server says of a mail's origin: Authentication-Results (RFC 8601), believed under its name only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_COMMENT = re.compile(r"\([^()]*+\)")
_NESTED = 5
_METHOD = re.compile(r"\A\s*(spf|dkim|dmarc)(?:/\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Results by method ("spf", "dkim", "dmarc"), as words of the RFC; a method may have several."""

    results: frozenset[tuple[str, str]] = frozenset()

    @property
    def forged(self) -> bool:
        """The domain's owner says that this is none of theirs."""
        return ("dmarc", "fail") in self.results

    @property
    def doubtful(self) -> bool:
        """Something failed and nothing holds: a mark for an operator. A mail that was passed on fails SPF honestly, and then its signature holds."""
        failed = any(result in {"fail", "hardfail", "permerror"} for _, result in self.results)
        return self.forged or (failed and not any(result == "pass" for _, result in self.results))


def verdict(fields: Iterable[str], authserv_id: str) -> Verdict:
    """Of the Authentication-Results fields of a mail; `authserv_id` empty: nobody is believed.

    >>> verdict(["mx.ppu.example; spf=pass smtp.mailfrom=a.example; dmarc=fail (p=none) header.from=a.example"], "mx.ppu.example").forged
    True
    >>> verdict(["mx.evil.example; dmarc=pass"], "mx.ppu.example")
    Verdict(results=frozenset())
    """
    results: set[tuple[str, str]] = set()
    for value in fields if authserv_id else ():
        said = value[:8192]
        for _ in range(_NESTED):
            said = _COMMENT.sub(" ", said)
        name, *methods = said.split(";")
        if name.split()[:1] and name.split()[0].strip('"').lower() == authserv_id.lower():
            results |= {(found[1].lower(), found[2].lower()) for method in methods if (found := _METHOD.match(method))}
    return Verdict(frozenset(results))
