"""The forms in which addresses, login names and other texts are compared."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# No mail reaches a longer address: RFC 5321 (4.5.3.1) allows 64 bytes for the name, 255 for the
# domain.
MAX_ADDRESS_BYTES = 320
# These signs separate users in a cell or mark a pending assignee; no address has them unquoted.
# https://www.rfc-editor.org/rfc/rfc5322#section-3.2.3
_SIGNS = frozenset(',;:"')


def normal_address(text: str) -> str:
    """`text` trimmed, in lower case and one Unicode form (NFKC).

    Look-alike and invisible characters stay: an address with one of them is another address. The
    domain is mapped as for a DNS query but stays in Unicode; ß and ς keep their own form (UTS 46,
    non-transitional: https://www.unicode.org/reports/tr46/).
    """
    if text.isascii():
        return text.strip().lower()
    name, at, domain = unicodedata.normalize("NFKC", text).strip().rpartition("@")
    if not at:
        return domain.lower()
    return f"{name.lower()}@{domain.lower() if domain.isascii() else _normal_domain(domain)}"


@lru_cache(maxsize=256)
def _normal_domain(domain: str) -> str:
    # UTS 46 removes some invisible characters; the caller must still see them.
    if invisible_characters(domain):
        return domain.lower()
    # Imported here: idna's tables take longer to load than all rules, and few domains need them.
    import idna

    try:
        return idna.uts46_remap(domain, std3_rules=False)
    except idna.IDNAError:
        # An invalid domain is only compared case-insensitively.
        return domain.lower()


def dns_domain(domain: str) -> str:
    """A normal domain in its DNS form, with labels in ASCII: two spellings of one domain are equal.

    A label with a character that no domain name may have stays as it is.
    """
    return ".".join(_dns_label(label) for label in domain.split("."))


def _dns_label(label: str) -> str:
    if label.isascii():
        return label
    import idna

    try:
        return idna.alabel(label).decode("ascii")
    except idna.IDNAError:
        return label


def normal_login(text: str) -> str:
    """`text` as login names are compared: case-insensitive, ß as ss, in one Unicode form (NFKC).

    A login name is not an address: no mail goes there, and two login names must not look the same
    to a careless reader.
    """
    return unicodedata.normalize("NFKC", text).strip().casefold()


def is_address(text: str) -> bool:
    """True when `text`, in its normal form, can be a person's address."""
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
    """`text` as a reader perceives it: without case, extra spaces and invisible characters."""
    visible = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", visible).split()).casefold()


def invisible_characters(text: str) -> tuple[str, ...]:
    """The names of the invisible characters in `text`, each once, in their order."""
    found = (char for char in text if unicodedata.category(char) in {"Cf", "Zs"} and char != " ")
    return tuple(dict.fromkeys(unicodedata.name(char, f"U+{ord(char):04X}") for char in found))


def is_same_text(one: str, other: str) -> bool:
    """True when the two differ at most in the Unicode form of their characters."""
    return one == other or (
        unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    )
