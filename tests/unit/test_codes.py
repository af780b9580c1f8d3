"""The list of codes has every code that the package can give, and no other."""

from __future__ import annotations

import pytest
from handover.codes import CODES, Code, CodeKind, code_named, remedy_of

from infra.reference.codes import places


def test_the_list_holds_exactly_the_codes_that_the_package_gives() -> None:
    listed = {(code.kind, code.name) for code in CODES}
    given = set(places())

    assert given - listed == set(), "add these to handover/codes.py, with meaning and remedy"
    assert listed - given == set(), "nothing gives these yet: see CONTRIBUTING.md, or remove them"
    assert len(listed) == len(CODES)


@pytest.mark.parametrize("code", CODES, ids=lambda code: f"{code.kind}-{code.name}")
def test_a_code_has_a_meaning_and_a_remedy_in_whole_sentences(code: Code) -> None:
    assert code.meaning.endswith(".")
    assert code.remedy.endswith(".")
    # Handover knows its own cells by this form; see reading.own_columns.
    assert code.name.replace("_", "").isupper()


def test_a_code_is_found_by_its_kind_and_name() -> None:
    assert code_named(CodeKind.LINE, "USER_INACTIVE") in CODES
    assert "Choose another user" in remedy_of(CodeKind.LINE, "USER_INACTIVE")


def test_a_code_that_is_in_no_list_has_no_remedy() -> None:
    assert code_named(CodeKind.LINE, "TOO_LARGE") is None
    assert remedy_of(CodeKind.WARNING, "NO_SUCH_CODE") == ""
