"""The dashboard: it shows every part of the stack, and only existing metrics."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from infra.template import PATH
from tests.template.test_template import (
    DEAD_LETTERS,
    FUNCTIONS,
    RESOURCES,
    SOURCES,
    TABLES,
    TEMPLATE,
    referred,
)

TEXT = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
WIDGETS: list[dict[str, Any]] = json.loads(TEXT)["widgets"]
NAMESPACE = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"][
    "POWERTOOLS_METRICS_NAMESPACE"
]["Fn::Sub"]
WIDTH = 24  # columns: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html


def shown(metric: str) -> set[str]:
    """The resources with a metric on the dashboard."""
    return {
        target
        for widget in WIDGETS
        for one in widget["properties"]["metrics"]
        if len(one) > 1 and one[1] == metric
        for target in referred({"Fn::Sub": one[3]})
    }


@pytest.mark.parametrize(
    ("metric", "targets"),
    [
        ("ApproximateAgeOfOldestMessage", set(SOURCES)),
        ("ApproximateNumberOfMessagesVisible", {*SOURCES, *DEAD_LETTERS}),
        ("IteratorAge", {"PublishFunction", "FollowFunction"}),
        ("Errors", set(FUNCTIONS)),
        ("Throttles", set(FUNCTIONS)),
        ("Duration", set(FUNCTIONS)),
        ("WriteThrottleEvents", set(TABLES)),
        ("ReadThrottleEvents", set(TABLES)),
        ("ConsumedWriteCapacityUnits", set(TABLES)),
        ("ConsumedReadCapacityUnits", set(TABLES)),
        ("5xx", {"Api"}),
    ],
)
def test_the_dashboard_shows_every_part_of_the_stack(metric: str, targets: set[str]) -> None:
    assert shown(metric) >= targets


def counted_by_functions() -> set[str]:
    """The names of all metrics that functions write."""
    root = PATH.parent
    code = "".join(
        path.read_text(encoding="utf-8")
        for folder in (root / "functions", root / "layers" / "handover" / "handover")
        for path in folder.rglob("*.py")
    )
    counted = set(re.findall(r'add_metric\(\s*"(\w+)"', code))
    counted |= {f"ImportsEnded{end}" for end in ("Done", "Error", "Refused", "Cancelled")}
    return counted | {"MessagesFailed", "MessagesPutOff"}


def test_the_dashboard_shows_only_metrics_that_the_code_writes_under_the_name_of_the_stack() -> (
    None
):
    counted = counted_by_functions()
    own = [
        one
        for widget in WIDGETS
        for one in widget["properties"]["metrics"]
        if len(one) > 1 and not one[0].startswith("AWS/")
    ]

    assert own
    for one in own:
        assert one[0] == NAMESPACE
        assert one[1] in counted
        assert one[2:4] == ["service", "handover"]


def test_widgets_do_not_overlap_and_have_titles() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in WIDGETS:
        assert widget["properties"]["title"]
        assert widget["x"] + widget["width"] <= WIDTH
        cells = {
            (widget["x"] + column, widget["y"] + row)
            for column in range(widget["width"])
            for row in range(widget["height"])
        }
        assert not cells & taken
        taken |= cells


def test_everything_that_the_dashboard_refers_to_exists() -> None:
    names = {name for name, _ in re.findall(r"\$\{(\w+)(\.\w+)?\}", TEXT)}

    assert names <= set(RESOURCES)
