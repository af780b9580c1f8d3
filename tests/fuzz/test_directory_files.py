"""Hostile files as directory files: counted independently; a second upload changes nothing."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator

import pytest
from handover.profiles.presets import presets
from handover.profiles.profile import Profile
from msgspec.structs import replace

from tests.fuzz.counting import count_file
from tests.fuzz.mutations import file_of
from tests.fuzz.oracle import data_lines
from tests.fuzz.through_functions import functions
from tests.fuzz.world import TENANT
from tests.kit.memory_aws import ObjectCreated
from tests.kit.pipeline import Pipeline

FILES = int(os.environ.get("HOSTILE_DIRECTORY_FILES", "60"))
# The directory columns of the generator's labels that the preset does not know.
LABELS = {
    "directory-accounts": {"#name": "note", "#portals": "viewers", "#status": "observers"},
    "directory-users": {
        "": "account Manager",
        "#login_name": "account ID",
        "#name": "note",
        "#roles": "viewers",
        "#status": "observers",
    },
}


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    """The functions, and a tenant whose directory profiles have the generator's labels."""
    with functions() as made:
        for name in LABELS:
            made.resources.tables.directory.put_profile(TENANT, knowing(presets()[name]))
        yield made


def knowing(profile: Profile) -> Profile:
    """The profile with the generator's labels as aliases."""
    more = LABELS[profile.name]
    columns = tuple(
        replace(column, aliases=(*column.aliases, more[column.role]))
        if column.role in more and (column.role or profile.about.value == "users")
        else column
        for column in profile.columns
    )
    return replace(profile, columns=columns)


def run(pipeline: Pipeline, data: bytes, profile: str) -> ObjectCreated:
    """Uploads the file as an Admin, and processes it without a failing message."""
    created = pipeline.upload(data, pipeline.ticket(profile=profile))
    pipeline.run(created)
    return created


def rows(pipeline: Pipeline, created: ObjectCreated, name: str) -> list[list[str]]:
    """The rows of a report, without its header."""
    body = pipeline.file(created, name)
    if body is None:
        return []
    delimiter = pipeline.item(created).delimiter or ","
    text = io.StringIO(body.decode("utf-8-sig"), newline="")
    return list(csv.reader(text, delimiter=delimiter))[1:]


def lines_in(pipeline: Pipeline, created: ObjectCreated, data: bytes) -> int:
    """The number of data lines that an independent reader finds in the file."""
    item = pipeline.item(created)
    encoding = item.encoding or "utf-8"
    for mark, codec in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            data, encoding = data[2:].decode(codec).encode(), "utf-8"
    whole = count_file(data, item.delimiter or ",", encoding)
    if whole is None:
        return 0
    labels = [label.decode(encoding) for label in whole.header.fields]
    found = data_lines(whole.body.records, encoding=encoding, is_report=False, labels=labels)
    return len(found)


@pytest.mark.parametrize("profile", LABELS)
def test_every_line_of_a_hostile_directory_file_has_one_outcome(
    pipeline: Pipeline, profile: str
) -> None:
    before = pipeline.memory.snapshot()
    taken = 0
    for seed in range(FILES):
        data = file_of(seed)
        pipeline.memory.restore(before)

        created = run(pipeline, data, profile)

        summary = pipeline.summary(created)
        if summary["refusal"] is not None:
            continue
        taken += 1
        counts = summary["counts"]
        results = rows(pipeline, created, "results.csv")
        assert counts["lines"] == len(results) == lines_in(pipeline, created, data), seed
        outcomes = [row[-6] for row in results]
        assert {name: outcomes.count(name) for name in set(outcomes)} == {
            name: many for name, many in counts.items() if many and name != "lines"
        }, seed
        assert len(rows(pipeline, created, "errors.csv")) == counts["rejected"], seed

        again = pipeline.summary(run(pipeline, data, profile))["counts"]
        assert again["lines"] == counts["lines"], seed
        assert again["updated"] == 0, seed
    assert taken > FILES // 4
