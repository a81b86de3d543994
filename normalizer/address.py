"""One spelling for each address, so that the same person is recognised however a gateway writes the number."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

from normalizer.schema import Address
from normalizer.text import clean

# Kinds of address that are telephone numbers.
PHONE_KINDS = frozenset({"sms", "whatsapp"})

# RFC 5321, section 4.5.3.1.3, less the angle brackets.
_MAX_CHARACTERS = 254
# Gmail Help, "Dots don't matter in Gmail addresses"; both names are one.
_DOTLESS = frozenset({"gmail.com", "googlemail.com"})
_SCHEME = re.compile(r"^(?:whatsapp|sms|tel):", re.IGNORECASE)
# A mailbox among other words, with a domain that has a dot in it.
_MAILBOX = re.compile(r"(?<![^\s<,;:(\"'])[^\s@<>()\"',;:]{1,64}@[^\s@<>()\"',;:.]+(?:\.[^\s@<>()\"',;:.]+)+")
_PUNCTUATION = re.compile(r"[\s().\-/]")
# 15 digits at the most (ITU-T E.164, section 6), a trunk or exchange prefix before them.
_DIGITS = re.compile(r"\+?[0-9]{1,20}")


def typed(contact: str, country: str) -> Address | None:
    """Where somebody can be reached who typed this into a form, a telephone ("sms") or a mailbox; None: nobody can be reached by that.

    >>> typed("Siti <siti@contoh.example>", "ID"), typed("0812-3456-7890", "ID"), typed("siti@contoh", "ID")
    (Address(kind='email', value='siti@contoh.example'), Address(kind='sms', value='+6281234567890'), None)
    """
    if "@" not in contact:
        return canonical(Address("sms", contact), country)
    mails = _MAILBOX.findall(contact)
    return canonical(Address("email", mails[0]), country) if len(mails) == 1 else None


def canonical(address: Address, country: str) -> Address | None:
    """As it can be answered; None for what cannot be (a short code, a company's name, an address with control characters).

    >>> canonical(Address("sms", "6281234567890"), "ID")
    Address(kind='sms', value='+6281234567890')
    >>> canonical(Address("sms", "TELKOMSEL"), "ID") is None
    True
    >>> canonical(Address("email", " Warga@Contoh.Example"), "ID")
    Address(kind='email', value='Warga@contoh.example')
    """
    value = _number(address.value, country) if address.kind in PHONE_KINDS else _other(address)
    return Address(address.kind, value) if value else None


def country_of(address: Address) -> str | None:
    """ISO 3166 code of the country that a canonical telephone number belongs to.

    >>> country_of(Address("sms", "+6281234567890")), country_of(Address("sms", "+12025550123"))
    ('ID', 'US')
    """
    return phonenumbers.region_code_for_number(phonenumbers.parse(address.value)) if address.kind in PHONE_KINDS else None


def identity(address: Address) -> Address:
    """How a person is known again who writes from a canonical address. A telephone and a desk do not agree on capitals, and no mail server tells them apart.

    >>> identity(Address("email", "Warga@contoh.example"))
    Address(kind='email', value='warga@contoh.example')
    """
    return Address("email", address.value.lower()) if address.kind == "email" else address


def mailbox(address: Address) -> Address:
    """What a canonical address has in common with all that may end in the same mailbox: for counting what is sent there, never for telling who writes.

    >>> mailbox(Address("email", "Siti.Warga+lapor@gmail.com")), mailbox(Address("email", "siti.warga@contoh.example")).value
    (Address(kind='email', value='sitiwarga@gmail.com'), 'siti.warga@contoh.example')
    """
    if address.kind != "email":
        return address
    local, _, domain = identity(address).value.rpartition("@")
    # RFC 5233: what stands behind the + is for the mailbox's owner.
    plain = local.partition("+")[0] or local
    if domain in _DOTLESS:
        plain, domain = plain.replace(".", "") or plain, "gmail.com"
    return Address("email", f"{plain}@{domain}")


@lru_cache(maxsize=4096)
def _number(written: str, country: str) -> str | None:
    """E.164. A bare number is read the first way that is valid; only one with + or 0 in front may be of a range newer than the library."""
    if len(written) > _MAX_CHARACTERS:
        return None
    digits = _PUNCTUATION.sub("", _SCHEME.sub("", clean(unicodedata.normalize("NFKC", clean(written)))))
    if not _DIGITS.fullmatch(digits):
        return None
    numbers = [number for way in _ways(digits, country) if (number := _parse(way, country))]
    if digits.startswith(("+", "0")):
        numbers.sort(key=phonenumbers.is_valid_number, reverse=True)
    else:
        numbers = [number for number in numbers if phonenumbers.is_valid_number(number)]
    return phonenumbers.format_number(numbers[0], PhoneNumberFormat.E164) if numbers else None


def _ways(digits: str, country: str) -> tuple[str, ...]:
    """How a gateway may have meant it, likeliest first.

    The country's own code comes before a national reading: the library takes 62812… in Indonesia for a landline and calls it valid.
    """
    if digits.startswith("+"):
        return (digits,)
    own_code = str(phonenumbers.country_code_for_region(country))
    abroad = "+" + digits.removeprefix("00")
    return (abroad, digits) if digits.startswith(own_code) else (digits, abroad)


def _parse(digits: str, country: str) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(digits, country)
    except NumberParseException:
        return None
    return number if phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE else None


def _other(address: Address) -> str | None:
    """Trimmed, a mail domain in small letters; the part before the @ belongs to its own server, which may tell capitals apart (RFC 5321, section 2.4)."""
    if len(address.value) > _MAX_CHARACTERS:
        return None
    value = unicodedata.normalize("NFC", address.value.strip())
    if not value or value != clean(value) or "\n" in value or "\t" in value:
        return None
    if address.kind != "email":
        return value
    local, _, domain = value.rpartition("@")
    return f"{local}@{domain.lower()}" if local and domain else None
