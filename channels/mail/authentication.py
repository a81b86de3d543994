"""What is known of a mail's origin: our own border server's Authentication-Results (RFC 8601), believed under its name only, and what we found ourselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_COMMENT = re.compile(r"\([^()]*+\)")
_NESTED = 5
# RFC 8601, section 2.2: what was checked. The domain, of some servers the whole address.
_CHECKED = re.compile(r"(?i)\bheader\.from\s*=\s*\"?(?:[^\s;\"@]*@)?([^\s;\"@]+)")
_METHOD = re.compile(r"\A\s*(spf|dkim|dmarc)(?:/\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Results by method ("spf", "dkim", "dmarc"), as words of the RFC; a method may have several."""

    results: frozenset[tuple[str, str]] = frozenset()
    # Another domain than the sender's was checked: that server read another name in From than we do, as whoever made it wanted.
    of_another: bool = False

    @property
    def forged(self) -> bool:
        """The domain's owner says that this is none of theirs, or was never asked."""
        return ("dmarc", "fail") in self.results or self.of_another

    @property
    def doubtful(self) -> bool:
        """Something failed and nothing holds: a mark for an operator. A mail that was passed on fails SPF honestly, and then its signature holds."""
        failed = any(result in {"fail", "hardfail", "permerror"} for _, result in self.results)
        return self.forged or (failed and not any(result == "pass" for _, result in self.results))


def verdict(fields: Iterable[str], authserv_id: str, sender: str, dkim: str = "") -> Verdict:
    """Of the Authentication-Results fields of a mail from this address; `authserv_id` empty: nobody is believed.

    `dkim`: what we found, "pass:domain fail:domain". It never says forged: we do not know what the domain's owner asks for (DMARC).

    >>> verdict(["mx.ppu.example; spf=pass smtp.mailfrom=a.example; dmarc=fail (p=none) header.from=a.example"], "mx.ppu.example", "siti@a.example").forged
    True
    >>> verdict(["mx.ppu.example; dmarc=pass header.from=evil.example"], "mx.ppu.example", "siti@a.example").forged
    True
    >>> verdict(["mx.evil.example; dmarc=pass"], "mx.ppu.example", "siti@a.example")
    Verdict(results=frozenset(), of_another=False)
    >>> [verdict([], "", "siti@a.example", found).doubtful for found in ("fail:a.example", "fail:a.example pass:evil.example", "fail:b.example pass:a.example")]
    [True, True, False]
    """
    results = _found(dkim, _ascii(sender.rpartition("@")[2]))
    of_another = False
    for value in fields if authserv_id else ():
        said = value[:8192]
        for _ in range(_NESTED):
            said = _COMMENT.sub(" ", said)
        name, *methods = said.split(";")
        if name.split()[:1] and name.split()[0].strip('"').lower() == authserv_id.lower():
            results |= {(found[1].lower(), found[2].lower()) for method in methods if (found := _METHOD.match(method))}
            checked = {_ascii(found[1]) for method in methods if _is_dmarc(method) and (found := _CHECKED.search(method))}
            of_another |= not all(_are_one(domain, _ascii(sender.rpartition("@")[2])) for domain in checked)
    return Verdict(frozenset(results), of_another)


def _found(dkim: str, sender: str) -> set[tuple[str, str]]:
    """A signature that holds speaks for its own domain and those below: anybody can sign with one of their own."""
    words = [(word, domain) for word, _, domain in (one.partition(":") for one in dkim.split())]
    return {("dkim", word) for word, domain in words if word != "pass" or _are_one(domain, sender)}


def _is_dmarc(method: str) -> bool:
    found = _METHOD.match(method)
    return found is not None and found[1].lower() == "dmarc"


def _are_one(checked: str, sender: str) -> bool:
    """Some servers name the organisation's domain, where the sender's lies below it."""
    return checked == sender or sender.endswith(f".{checked}")


def _ascii(domain: str) -> str:
    """As name servers know it."""
    try:
        return domain.rstrip(".").lower().encode("idna").decode()
    except UnicodeError:
        return domain.lower()
