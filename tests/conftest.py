"""Which tests share a process when several run at once (`--dist loadgroup`)."""

from __future__ import annotations

import pytest

# Each process with stories has an embedded AWS of its own, which costs more than it gains.
STACKS = 2


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a file stay together; those of tests/e2e share a few stacks, file by file."""
    stories = sorted({item.path for item in items if item.path.parent.name == "e2e"})
    for item in items:
        group = str(item.path)
        if item.path in stories:
            group = f"stories {stories.index(item.path) % STACKS}"
        item.add_marker(pytest.mark.xdist_group(group))
