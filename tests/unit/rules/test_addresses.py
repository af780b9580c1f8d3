"""Addresses and login names: which are equal, and which only look equal."""

from __future__ import annotations

import unicodedata

import pytest
from handover.rules.addresses import dns_domain, is_address, normal_address, normal_login
from hypothesis import example, given, settings
from hypothesis import strategies as st

texts = st.text(
    st.one_of(
        st.sampled_from("aA@.- ßẞςΣİ\u00ad\u200d\uff21\u3002é"), st.characters(codec="utf-8")
    ),
    max_size=12,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ana@faß.example", "ana@fass.example"),
        ("weiß@x.example", "weiss@x.example"),
        ("ana@μάς.example", "ana@μάσ.example"),
        ("ana@a\u200db.example", "ana@ab.example"),
        ("\u0430na@x.example", "ana@x.example"),
        ("an\u00ada@x.example", "ana@x.example"),
        ("ana@x\u00ad.example", "ana@x.example"),
        ("ana@x.example\u200b", "ana@x.example"),
        ("jörg@x.example", "jorg@x.example"),
    ],
)
def test_addresses_of_different_mailboxes_are_different(one: str, other: str) -> None:
    assert normal_address(one) != normal_address(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (" Ana@X.Example ", "ana@x.example"),
        ("\u00a0ANA@FAẞ.EXAMPLE", "ana@faß.example"),
        ("WEIẞ@x.example", "weiß@x.example"),
        ("ana@MÜLLER.example", "ana@mu\u0308ller.example"),
        ("ana@\uff58\uff0eexample", "ana@x.example"),
        ("ana@x\u3002example", "ana@x.example"),
        ("ana\uff20x.example", "ana@x.example"),
        ("JÖRG", "jörg"),
    ],
)
def test_all_spellings_of_one_address_are_equal(one: str, other: str) -> None:
    assert normal_address(one) == normal_address(other)


def test_the_domain_stays_in_unicode_and_an_encoded_one_as_it_is() -> None:
    assert normal_address("Ana@FAẞ.example") == "ana@faß.example"
    assert normal_address("Ana@XN--fa-hia.example") == "ana@xn--fa-hia.example"


@settings(max_examples=1000)
@given(texts)
@example("ana@\u0378.example")
@example("ana@x@ß")
@example("@ẞ")
def test_the_normal_form_of_a_normal_form_is_itself(text: str) -> None:
    assert normal_address(normal_address(text)) == normal_address(text)


@given(st.text(st.characters(codec="ascii"), max_size=12))
def test_an_ascii_address_has_the_form_in_which_it_is_already_stored(text: str) -> None:
    before = unicodedata.normalize("NFKC", text).strip().casefold()

    assert normal_address(text) == normal_login(text) == before


@given(st.text("anÄäÖöÜüÉéÈèÑñÇçÅåØøÆæŒœŠšŽžŁłŐőÏïИиЖж@.", max_size=12))
@example("Jörg@Müller.example")
def test_an_address_in_common_letters_has_the_form_in_which_it_is_already_stored(
    text: str,
) -> None:
    assert normal_address(text) == unicodedata.normalize("NFKC", text).strip().casefold()


@given(texts)
@example("Weiß")
@example("ΜΆΣ")
def test_a_login_name_has_the_form_in_which_it_is_already_stored(text: str) -> None:
    before = unicodedata.normalize("NFKC", text).strip().casefold()

    assert normal_login(text) == before


@pytest.mark.parametrize(
    ("address", "is_one"),
    [
        ("ana@x.example", True),
        (f"{'é' * 155}@x.example", True),
        (f"{'é' * 155}a@x.example", False),
        ("@x.example", False),
        ("ana@", False),
        ("ana", False),
        ("a@b@x.example", False),
        *((f"a{sign}b@x.example", False) for sign in ',;:" \x07\u200b'),
    ],
)
def test_an_address_has_two_parts_no_separators_and_at_most_320_bytes(
    address: str, *, is_one: bool
) -> None:
    assert is_address(address) is is_one


@pytest.mark.parametrize(
    ("domain", "in_dns"),
    [
        ("x.example", "x.example"),
        ("m\u00fcller.example", "xn--mller-kva.example"),
        ("fa\u00df.example", "xn--fa-hia.example"),
        # No domain name may have a snowman.
        ("\u2603.m\u00fcller.example", "\u2603.xn--mller-kva.example"),
    ],
)
def test_each_label_of_a_domain_has_its_form_of_the_dns_unless_it_cannot_have_one(
    domain: str, in_dns: str
) -> None:
    assert dns_domain(domain) == in_dns
