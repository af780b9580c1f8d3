"""What is wrong with a profile's definition, in the words that an Admin reads, as recorded."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from handover.errors import InvalidRequestError
from handover.profiles.checks import check_labels, check_profile, check_spellings
from handover.profiles.parsing import profile_from, profile_json
from handover.profiles.presets import presets

from tests.kit.recorded import assert_as_recorded

# One with every kind of field.
WHOLE: dict[str, Any] = profile_json(presets()["manager-and-viewers"]) | {
    "on_error": "stop_above: 5 %",
    "roles": {
        "account_manager": {"max_users": 1, "assigned_by": ["Admin"]},
        "viewer": {"max_users": None},
    },
}
WRONG: tuple[Any, ...] = (None, " ", "colour", "x" * 300, "a\x07", 0, -1, True, [], ["x", "x"], {})
Place = tuple[str | int, ...]


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """The place of every value in a definition, the outer before the inner."""
    if at:
        yield at
    named = value.items() if isinstance(value, dict) else ()
    for name, inner in enumerate(value) if isinstance(value, list) else named:
        yield from places(inner, (*at, name))


def changed(at: Place, value: Any) -> dict[str, Any]:
    """The definition with another value at one place."""
    found = copy.deepcopy(WHOLE)
    holder: Any = found
    for step in at[:-1]:
        holder = holder[step]
    holder[at[-1]] = value
    return found


def without(at: Place) -> dict[str, Any]:
    """The definition without the value at one place."""
    found = copy.deepcopy(WHOLE)
    holder: Any = found
    for step in at[:-1]:
        holder = holder[step]
    del holder[at[-1]]
    return found


def said(definition: dict[str, Any]) -> str:
    """The field and the message, or what is read otherwise than it was written."""
    try:
        profile = profile_from(definition)
        check_profile(profile)
        check_spellings(profile, ())
        check_labels(profile)
        read = profile_json(profile)
    except InvalidRequestError as wrong:
        return f"{wrong.field}: {wrong}"
    differing = {name: value for name, value in read.items() if definition.get(name) != value}
    return f"read as {json.dumps(differing)}" if differing else "as written"


def refusals() -> Iterator[str]:
    """Each place of the definition with each wrong value."""
    yield f"as it is: {said(WHOLE)}"
    for at in places(WHOLE):
        name = ".".join(map(str, at))
        yield f"without {name}: {said(without(at))}"
        for value in WRONG:
            shown = json.dumps(value) if value != "x" * 300 else "300 characters"
            yield f"{name} {shown}: {said(changed(at, value))}".replace("x" * 300, "x*300")


def test_every_wrong_definition_is_refused_as_recorded() -> None:
    assert_as_recorded(Path(__file__).with_name("refused.txt"), "\n".join(refusals()) + "\n")
