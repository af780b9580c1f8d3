"""I21: logs of functions contain no address, no raw line, no account id and no signed link."""

from __future__ import annotations

import io
import json
import logging
from contextlib import redirect_stderr, redirect_stdout

import pytest
from handover.runtime import logger

from tests.kit.cast import OWN_USERS, World
from tests.security import tour


@pytest.fixture
def written(world: World) -> str:
    """The log of the whole tour, as CloudWatch would store it."""
    out = io.StringIO()
    # Lambda's own handler is on the root logger and passes warnings and errors.
    root = logging.StreamHandler(out)
    root.setLevel(logging.WARNING)
    root.addFilter(lambda record: record.name != logger.name)
    own = logger.registered_handler
    assert isinstance(own, logging.StreamHandler)
    before = own.setStream(out)
    logging.getLogger().addHandler(root)
    try:
        with redirect_stdout(out), redirect_stderr(out):
            tour.take(world)
    finally:
        logging.getLogger().removeHandler(root)
        if before is not None:
            own.setStream(before)
    return out.getvalue()


def test_nothing_personal_is_logged(written: str) -> None:
    private = [word for user in OWN_USERS for word in (user.email, user.name)]
    private += [tour.ACCOUNT, tour.CELL, "Mbeki", "salaries", "@", "K000"]
    private += ["X-Amz-", "Signature", "https://", "policy", "Bearer", "eyJ", "s3v4"]

    found = [line for line in written.splitlines() if any(word in line for word in private)]
    assert found == []


def test_the_log_still_says_what_was_done(written: str) -> None:
    """So that the test above does not pass by an empty log."""
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    messages = {line["message"] for line in lines if "message" in line}

    assert {
        "import validated",
        "import refused",
        "chunk settled",
        "import ended",
        "import approved",
        "import cancelled",
        "import sent on",
        "import abandoned",
        "chunk abandoned",
        "message failed",
        "request failed",
        "uploads without an import",
    } <= messages
    assert any("_aws" in line for line in lines)


def test_every_log_line_is_one_record(written: str) -> None:
    """No text of a file or a request begins a line of its own."""
    for line in written.splitlines():
        assert line.startswith("{"), line
        assert isinstance(json.loads(line), dict)
