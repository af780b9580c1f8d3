"""The same file through the real functions, on an AWS in memory: they must store the same.

The pure passage decides what the reports of a file are, byte for byte; the functions reach them
through tickets, queues, tables and buckets.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from handover.profiles.settings import Settings
from handover.store.progress import counts_of
from msgspec.structs import asdict

from tests.fuzz.passage import Passage
from tests.fuzz.world import ACCOUNTS, PROFILES, TENANT, USERS
from tests.kit.pipeline import CLIENT_SETTINGS, Pipeline, forget_clients, on_memory

_BOM = b"\xef\xbb\xbf"


@contextmanager
def functions() -> Iterator[Pipeline]:
    """The functions with the tenant's directory, and without imports."""
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in CLIENT_SETTINGS.items():
            patch.setenv(variable, value)
        forget_clients()
        with on_memory(patch) as pipeline:
            _furnish(pipeline)
            yield pipeline
        forget_clients()


def _furnish(pipeline: Pipeline) -> None:
    directory = pipeline.resources.tables.directory
    pipeline.users(*USERS.values())
    pipeline.accounts(*ACCOUNTS.values())
    for profile in PROFILES[1:]:
        directory.put_profile(TENANT, profile)
    # Many of the files would clear enough to wait for an Admin.
    directory.put_settings(TENANT, Settings(100, 1_000_000))


def differences(pipeline: Pipeline, passage: Passage) -> list[str]:
    """The differences between the functions and the pure passage; restores the state."""
    before = pipeline.memory.snapshot()
    try:
        return list(_differences(pipeline, passage))
    finally:
        pipeline.memory.restore(before)


def _differences(pipeline: Pipeline, passage: Passage) -> Iterator[str]:
    created = pipeline.upload(passage.upload, pipeline.ticket(profile=passage.profile.name))
    pipeline.run(created)
    summary = pipeline.summary(created)
    if passage.refusal is not None:
        refusal = summary["refusal"] or {}
        if summary["state"] != "refused" or refusal.get("code") != passage.refusal.code:
            yield f"the functions: {summary['state']} {refusal}, not {passage.refusal}"
        if any(summary["counts"].values()):
            yield f"the functions counted lines of a refused file: {summary['counts']}"
        return
    counts = passage.counts
    if summary["state"] != ("error" if counts.with_errors else "done"):
        yield f"the functions: {summary['state']} {summary['refusal']}, not {counts}"
        return
    stored = counts_of(pipeline.item(created))
    if stored != counts:
        yield f"the functions counted {stored}, not {counts}"
    if summary["counts"] != asdict(counts):
        yield f"summary.json tells {summary['counts']}, not {counts}"
    if pipeline.file(created, "results.csv") != passage.all_lines:
        yield "the functions wrote another results.csv"
    intended = passage.errors if counts.with_errors else None
    if pipeline.file(created, "errors.csv") != intended:
        yield "the functions wrote another errors.csv"
    yield from _accounts(pipeline, passage)


def _accounts(pipeline: Pipeline, passage: Passage) -> Iterator[str]:
    """Checks that accounts hold what applied lines say, and all others what they held."""
    expected = {name: dict(account.assigned) for name, account in ACCOUNTS.items()}
    for result in passage.results:
        account = result.line.fields[passage.binding.key].strip() if result.changes else ""
        for change in result.changes:
            expected[account][change.role] = change.after
    accounts = pipeline.resources.tables.accounts
    for name, found in accounts.read(TENANT, expected, pipeline.deadline).items():
        held = {role: users for role, users in found.assigned.items() if users}
        if held != {role: users for role, users in expected[name].items() if users}:
            yield f"account {name} is held by {held}, not {expected[name]}"
