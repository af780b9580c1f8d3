"""The form in which addresses are compared, and login names."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import idna

# Longer ones cannot be written to: RFC 5321 (4.5.3.1) has 64 for the name and 255 for the domain.
MAX_ADDRESS_BYTES = 320
# They separate users in a cell, or mark a seat as pending; no address has them outside of quotes.
# https://www.rfc-editor.org/rfc/rfc5322#section-3.2.3
_SIGNS = frozenset(',;:"')


def normal_address(text: str) -> str:
    """`text` without outer spaces, in small letters and one Unicode form (NFKC).

    Look-alike and invisible characters stay: an address that differs by one is another address.
    Otherwise the domain is mapped as for a query of the DNS, where ß and ς are letters of their own
    (UTS 46, non-transitional: https://www.unicode.org/reports/tr46/), and stays in Unicode.
    """
    if text.isascii():
        return text.strip().lower()
    name, at, domain = unicodedata.normalize("NFKC", text).strip().rpartition("@")
    if not at:
        return domain.lower()
    return f"{name.lower()}@{domain.lower() if domain.isascii() else _normal_domain(domain)}"


@lru_cache(maxsize=256)
def _normal_domain(domain: str) -> str:
    # UTS 46 leaves out some characters that cannot be seen; a person should know of them.
    if invisible_characters(domain):
        return domain.lower()
    try:
        return idna.uts46_remap(domain, std3_rules=False, transitional=False)
    except idna.IDNAError:
        # It is no domain, so nothing else is written the same way but for the case.
        return domain.lower()


def dns_domain(domain: str) -> str:
    """A normal domain as the DNS has it, with labels in ASCII: two spellings of one are the same.

    A label that is none, because it holds a character that no name may have, stays as it is.
    """
    return ".".join(_dns_label(label) for label in domain.split("."))


def _dns_label(label: str) -> str:
    if label.isascii():
        return label
    try:
        return idna.alabel(label).decode("ascii")
    except idna.IDNAError:
        return label


def normal_login(text: str) -> str:
    """`text` as login names are compared: in any case, ß as ss, in one Unicode form (NFKC).

    A login name is no address: it leads nowhere, and is to be unique even for careless readers.
    """
    return unicodedata.normalize("NFKC", text).strip().casefold()


def is_address(text: str) -> bool:
    """True when `text`, in its normal form, can be the address of somebody."""
    local, _, domain = text.rpartition("@")
    return (
        bool(local and domain)
        and "@" not in local
        and _SIGNS.isdisjoint(text)
        and not any(char.isspace() or not char.isprintable() for char in text)
        and not invisible_characters(text)
        and len(text.encode()) <= MAX_ADDRESS_BYTES
    )


def normalized_name(text: str) -> str:
    """`text` as a reader takes it: in any case, any spaces, without what cannot be seen."""
    visible = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", visible).split()).casefold()


def invisible_characters(text: str) -> tuple[str, ...]:
    """The names of characters in `text` that nobody can see, each once, in their order."""
    found = (char for char in text if unicodedata.category(char) in {"Cf", "Zs"} and char != " ")
    return tuple(dict.fromkeys(unicodedata.name(char, f"U+{ord(char):04X}") for char in found))
