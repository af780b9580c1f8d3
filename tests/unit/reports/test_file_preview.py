"""A preview shows how a file is read, and the profiles that it fits, the best first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from handover.model import Dialect, Header, Line
from handover.profiles.presets import presets
from handover.profiles.profile import Holds, Profile
from handover.reports.file_preview import ReadFile, comparison_to_dict, preview_to_dict
from msgspec.structs import replace

READ = ReadFile(Dialect("utf-8", ","), Header(("account ID", "r\u00e9gion"), 0, 2), (), 0)


def shown() -> list[Mapping[str, Any]]:
    """The profiles p0 to p4 in the preview of a file for which p3 was chosen."""
    strict = presets()["single-strict"]
    preview: Mapping[str, Any] = preview_to_dict(
        "0" * 32,
        "march.csv",
        READ,
        [replace(strict, name=f"p{number}") for number in range(5)],
        switched_on=(),
        chosen="p3",
        remembered={},
    )
    return list(preview["profiles"])


@pytest.mark.parametrize(
    ("fitting", "less", "names"),
    [
        pytest.param(5, 0, ["p3", "p0", "p1", "p2", "p4"], id="room for all"),
        pytest.param(3, 0, ["p3", "p0", "p1"], id="room for three"),
        pytest.param(3, 1, ["p3", "p0"], id="a byte too little for three"),
        pytest.param(1, 1, ["p3"], id="too little even for the chosen one"),
    ],
)
def test_as_many_profiles_are_shown_as_the_answer_can_hold_and_always_the_first(
    fitting: int, less: int, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The function returns this JSON as a text within JSON.
    sizes = [len(json.dumps(json.dumps(one))) for one in shown()]
    room = sum(sizes[:fitting]) - less
    monkeypatch.setattr("handover.reports.file_preview.MAX_PROFILES_BYTES", room)

    assert [one["profile"] for one in shown()] == names


STRICT = presets()["single-strict"]


def ranked(labels: tuple[str, ...], profiles: Sequence[Profile], **options: Any) -> list[str]:
    """The names of the profiles in the preview of a file with this header."""
    preview: Mapping[str, Any] = preview_to_dict(
        "0" * 32,
        "march.csv",
        ReadFile(Dialect("utf-8", ","), Header(labels, 0, 2), (), 0),
        profiles,
        **{"switched_on": (), "chosen": "", "remembered": {}} | options,
    )
    return [one["profile"] for one in preview["profiles"]]


def test_a_preview_says_how_the_file_is_read_and_what_of_each_profile_it_has() -> None:
    labels = ("Account ID", "Boss", "acount manager", "line", "code", "error", "hint")
    lines = [Line(number, (f"K{number}", "x" * 80, "x" * 81)) for number in range(2, 23)]
    read = ReadFile(Dialect("windows-1252", ";", 0, True), Header(labels, 0, 2), lines, 1_234)

    shown = preview_to_dict(
        "0" * 32,
        "march.csv",
        read,
        [STRICT],
        switched_on=(),
        chosen="",
        remembered={"single-strict": {"boss": "account Manager"}},
    )

    cut = "x" * 79 + "\u2026"
    assert shown == {
        "import_id": "0" * 32,
        "filename": "march.csv",
        "encoding": "windows-1252",
        "delimiter": ";",
        "lines": 1_234,
        "header": ["Account ID", "Boss", "acount manager"],
        "rows": [{"line": at, "fields": [f"K{at}", "x" * 80, cut]} for at in range(2, 22)],
        "profiles": [
            {
                "profile": "single-strict",
                "title": "One manager for each account, from the account's own operating company",
                "does": "Sets who holds account_manager of each account in the file.",
                "fits": True,
                "missing": [],
                "columns": [
                    {
                        "header": "Account ID",
                        "column": "account ID",
                        "how": "exact",
                        "samples": ["K2", "K3", "K4"],
                    },
                    {
                        "header": "Boss",
                        "column": "account Manager",
                        "how": "remembered",
                        "samples": ["x" * 80] * 3,
                    },
                    {
                        "header": "acount manager",
                        "column": None,
                        "how": "none",
                        "samples": [cut] * 3,
                    },
                ],
                "blanks": "An empty cell removes the holders of the role from the account; "
                "so does 'none'.",
            }
        ],
    }


@pytest.mark.parametrize(
    ("name", "labels", "fits", "missing"),
    [
        ("single-strict", "account ID,account Manager", True, []),
        ("single-strict", "account ID,account Manager,Current account manager", True, []),
        ("single-strict", "account ID,x", False, ["account Manager"]),
        ("single-strict", "x,account Manager", False, ["account ID"]),
        ("single-strict", "account ID,acount Manager", False, ["account Manager"]),
        ("single-strict", "x,y", False, ["account ID", "account Manager"]),
        # Of a column that the profile does not require there may be no more than one either.
        (
            "single-strict",
            "account ID,account Manager,Current account manager,Current account manager",
            False,
            [],
        ),
        # This profile requires no role, but one of them.
        ("role-team", "account ID,x", False, ["{role}___tid", "{role}"]),
        ("role-team", "x,y", False, ["account ID"]),
        (
            "directory-accounts",
            "account_id",
            False,
            ["name", "customer_id", "opco", "status", "portals", "account_manager"],
        ),
        ("directory-accounts", "account_id,status", True, []),
    ],
)
def test_a_file_fits_a_profile_if_it_has_each_column_that_the_profile_needs(
    name: str, labels: str, missing: list[str], *, fits: bool
) -> None:
    header = Header(tuple(labels.split(",")), 0, 2)

    found = comparison_to_dict(ReadFile(Dialect("utf-8", ","), header, (), 0), presets()[name])

    assert (found["fits"], found["missing"]) == (fits, missing)


def test_a_condition_of_the_file_is_part_of_what_a_profile_does() -> None:
    header = Header(("account ID", "account Manager", "Current account manager"), 0, 2)

    found = comparison_to_dict(ReadFile(Dialect("utf-8", ","), header, (), 0), STRICT)

    assert found["does"] == (
        "Sets who holds account_manager of each account in the file. A line applies only if the "
        "account has the holders in 'Current account manager'; an empty cell sets no condition."
    )


def test_profiles_come_in_the_order_chosen_fitting_switched_on_and_best_columns() -> None:
    def named(name: str, preset: str = "single-strict") -> Profile:
        return replace(presets()[preset], name=name)

    fitting = ("account ID", "account Manager")
    every = [named("a", "directory-users"), named("b"), named("c"), named("d")]

    assert ranked(fitting, every) == ["b", "c", "d", "a"]
    assert ranked(fitting, every, switched_on={"a", "c"}) == ["c", "b", "d", "a"]
    assert ranked(fitting, every, switched_on={"c"}, chosen="a") == ["a", "c", "b", "d"]


@pytest.mark.parametrize(
    ("labels", "presets_in_order"),
    [
        # Two sure columns are better than one.
        (("account ID", "account manager"), ["single-strict", "manager-and-viewers"]),
        # A near column is better than none.
        (("account ID", "acount manager"), ["single-strict", "manager-and-viewers"]),
        # A near column is less than a sure one.
        (("account", "email"), ["manager-and-viewers", "single-strict"]),
        # Each missing column takes away what a sure one gives.
        (("email", "status"), ["directory-users", "directory-accounts"]),
    ],
)
def test_of_profiles_that_do_not_fit_the_one_with_the_better_columns_comes_first(
    labels: tuple[str, ...], presets_in_order: list[str]
) -> None:
    profiles = [presets()[name] for name in reversed(presets_in_order)]

    assert ranked(labels, profiles) == presets_in_order


def test_a_missing_column_takes_away_as_much_as_a_sure_one_gives() -> None:
    account, manager = (one for one in STRICT.columns if one.holds is not Holds.CURRENT)
    labels = ("account ID", "account Manager", "quagga", "ocelot")
    few = [replace(manager, label="zebra")]
    many = [replace(manager, label=label) for label in ("quagga", "ocelot", "gnu", "ibex", "yak")]
    profiles = [
        replace(STRICT, name="a", columns=(account, manager, *many)),
        replace(STRICT, name="b", columns=(account, manager, *few)),
    ]

    # Four columns less three missing ones are less than two columns less one.
    assert ranked(labels, profiles) == ["b", "a"]


def test_of_profiles_alike_the_one_with_fewer_columns_comes_first_then_by_name() -> None:
    wide = presets()["manager-and-viewers"]
    both = [column for column in wide.columns if column.is_required]
    narrow = replace(wide, name="narrow", columns=tuple(both))

    labels = ("customer ID", "email")
    assert ranked(labels, [wide, narrow]) == ["narrow", "manager-and-viewers"]
    assert ranked(labels, [replace(wide, name="b"), replace(wide, name="a")]) == ["a", "b"]


def test_of_profiles_that_fit_a_near_column_counts_and_a_sure_one_counts_more() -> None:
    required = [one for one in STRICT.columns if one.holds is not Holds.CURRENT]
    (current,) = (one for one in STRICT.columns if one.holds is Holds.CURRENT)
    written = "Curent account manager"
    profiles = [
        replace(STRICT, name="a", columns=tuple(required)),
        replace(STRICT, name="b", columns=(*required, current)),
        replace(STRICT, name="c", columns=(*required, replace(current, label=written))),
    ]

    assert ranked(("account ID", "account Manager", written), profiles) == ["c", "b", "a"]
    # Columns that set a condition do not make a profile wider.
    assert ranked(("account ID", "account Manager"), list(reversed(profiles))) == ["a", "b", "c"]
