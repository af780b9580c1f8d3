"""The tool itself: what it changes, that a change is in force, and which tests it chooses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.mutation import __main__ as tool
from tests.mutation.__main__ import Verdict, drawn, judged, page
from tests.mutation.choosing import OF_ROUTES, Recorded, chosen_for
from tests.mutation.equivalents import EQUIVALENTS
from tests.mutation.syntax import Mutation, all_mutations, mutations_of

MODULE = "rules/repeats.py"
TESTED_BY = "tests/unit/rules/test_repeats.py"


def change(old: str, new: str) -> Mutation:
    """The one change of MODULE from `old` to `new`."""
    (found,) = [one for one in mutations_of(MODULE) if (one.old, one.new) == (old, new)]
    return found


def recorded(*lines: int, name: str = TESTED_BY, seconds: float = 1) -> Recorded:
    """A test that has run these lines of MODULE."""
    return {name: {"seconds": seconds, "lines": {MODULE: list(lines)}}}


def test_every_change_has_a_unique_name_and_is_valid_python() -> None:
    every = all_mutations()

    assert len({one.name for one in every}) == len(every)
    for one in drawn(7, 200):
        compile(one.applied(), one.module, "exec")


def test_a_change_replaces_only_the_text_at_its_place() -> None:
    more = change("more > 0", "(more >= 0)")

    assert " more' if (more >= 0) else ''".replace("'", '"') in more.applied()
    assert (
        more.applied().replace("(more >= 0)", "more > 0") == replace(more, new=more.old).applied()
    )


def test_a_seed_always_draws_the_same_sample_and_another_seed_another_one() -> None:
    assert drawn(1, 20) == drawn(1, 20)
    assert drawn(1, 20) != drawn(2, 20)


def test_every_change_listed_as_equivalent_exists() -> None:
    names = {one.name for one in all_mutations()}

    assert [one for one in EQUIVALENTS if one.name not in names] == []
    assert all(one.reason for one in EQUIVALENTS)


@pytest.mark.parametrize(
    ("new", "is_detected"), [("(more >= 0)", True), ("more > 0", False), ("(", True)]
)
def test_tests_run_with_the_change(new: str, is_detected: bool) -> None:
    mutation = replace(change("more > 0", "(more >= 0)"), new=new)

    verdict = judged(mutation, recorded(mutation.line))

    assert bool(verdict.detected_by) == is_detected


def test_only_the_chosen_tests_are_run_and_one_that_is_gone_proves_nothing() -> None:
    mutation = change("more > 0", "(more >= 0)")

    verdict = judged(mutation, recorded(mutation.line, name=f"{TESTED_BY}::test_that_is_gone"))

    assert (verdict.is_judged, verdict.detected_by) == (True, "")


def test_tests_that_run_the_line_are_chosen_with_those_of_the_module_first() -> None:
    mutation = change("more > 0", "(more >= 0)")
    tests = {
        **recorded(mutation.line, name="tests/functional/test_other.py::test_a", seconds=0.1),
        **recorded(mutation.line, name="tests/unit/rules/test_repeats.py::test_b", seconds=9),
        **recorded(mutation.line + 1, name="tests/unit/rules/test_repeats.py::test_c"),
        **recorded(mutation.line, name="tests/functional/test_long.py::test_d", seconds=99),
    }

    assert chosen_for(mutation, tests) == [
        "tests/unit/rules/test_repeats.py::test_b",
        "tests/functional/test_other.py::test_a",
    ]


def test_for_code_that_runs_at_import_tests_that_run_a_use_of_it_are_chosen() -> None:
    (constant,) = [one for one in mutations_of("rules/pacing.py") if one.old == "20000"][:1]
    (use,) = {one.line for one in mutations_of("rules/pacing.py") if "MAX_CHUNK_LINES" in one.old}
    tests: Recorded = {
        "a": {"seconds": 1, "lines": {"rules/pacing.py": [use]}},
        "b": {"seconds": 1, "lines": {"rules/pacing.py": [use + 5]}},
    }

    # What is left of the time is given to others that run anything of the module.
    assert chosen_for(constant, tests) == ["a", "b"]


def test_what_runs_at_import_is_asked_of_tests_of_all_modules_and_those_that_name_it() -> None:
    (constant,) = [one for one in mutations_of("store/batches.py") if one.old == "25"][:1]
    names = "tests/unit/store/test_batches.py::test_puts_that_are_left_out_are_sent_again"
    of_all = "tests/unit/test_values.py::test_b"
    tests: Recorded = {
        "tests/unit/store/test_users.py::test_a": {"seconds": 0, "lines": {}},
        names: {"seconds": 1, "lines": {}},
        of_all: {"seconds": 2, "lines": {}},
    }

    assert chosen_for(constant, tests) == [of_all, names]


def test_a_route_is_asked_of_what_describes_all_whoever_imports_it_first() -> None:
    route = next(one for one in mutations_of("http/audit.py") if one.old.startswith("router.get("))
    first, describes = "tests/template/test_a.py::test_a", f"{OF_ROUTES}::test_b"
    tests: Recorded = {
        first: {"seconds": 1, "lines": {route.module: [route.line]}},
        describes: {"seconds": 2, "lines": {}},
    }

    assert sorted(chosen_for(route, tests)) == sorted([first, describes])


def test_what_a_cache_keeps_is_asked_of_all_that_run_the_module() -> None:
    classes = next(one for one in mutations_of("reports/parts.py") if one.scope == "_classes")
    first, later = "tests/unit/test_a.py::test_a", "tests/unit/test_b.py::test_b"
    tests: Recorded = {
        first: {"seconds": 1, "lines": {classes.module: [classes.line]}},
        later: {"seconds": 1, "lines": {classes.module: [1]}},
    }

    assert chosen_for(classes, tests) == [first, later]


@pytest.mark.parametrize(("seconds", "is_judged"), [(0.0001, True), (1, False)])
def test_no_change_counts_as_detected_because_a_busy_machine_takes_long(
    seconds: float, is_judged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool, "TIMEOUT_SECONDS", 0.01)
    mutation = change("more > 0", "(more >= 0)")

    verdict = judged(mutation, recorded(mutation.line, seconds=seconds))

    assert (verdict.is_judged, bool(verdict.detected_by)) == (is_judged, is_judged)


def test_the_page_lists_what_was_not_judged_and_does_not_count_it() -> None:
    found, unjudged = drawn(3, 2)

    text = page(3, [Verdict(found, 1, 1.0, "x"), Verdict(unjudged, 1, 240.0, "", False)])

    assert "Detected: 1 of the 1 that matter (100.0%)" in text
    assert text.endswith(
        f"Not judged within 240 s, and not counted:\n\n- `{Verdict(unjudged, 1, 0.0, '').summary}`"
        " (1 tests)\n"
    )


def test_the_page_shows_the_share_of_relevant_changes_that_were_found() -> None:
    some = drawn(3, 4)
    verdicts = [Verdict(one, 1, 1.0, "" if place == 0 else "x") for place, one in enumerate(some)]

    text = page(3, verdicts)

    assert "Detected: 3 of the 4 that matter (75.0%)" in text
    assert verdicts[0].summary in text
