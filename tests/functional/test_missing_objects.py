"""What happens while something that a step needs is not there.

What Handover stores itself may be seen late, so its message comes again. A file of a person that
was deleted does not come back, so the import is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest
from handover.model import Mode
from handover.pipeline import older_imports_list
from handover.pipeline.conversion import CSV, OUTCOME
from handover.store.items import key_of

from tests.kit.jobs import api
from tests.kit.memory_aws import ObjectCreated
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import (
    AMINA,
    BARAKA,
    MINUTE,
    SALES,
    Pipeline,
    file_of,
    import_id,
)
from tests.workbooks.builders import by_openpyxl

FILE = file_of([("K000", BARAKA)])
IMPORTS = "ImportsTable"


@dataclass(frozen=True)
class Step:
    """The processing of one message, which returns what must come again, and what it needs."""

    needs: str
    run: Callable[[], list[str]]


def chunk(pipeline: Pipeline) -> Step:
    """The chunk of an import that has an older open import."""
    pipeline.upload(file_of([("K000", SALES)]))
    pipeline.clock.now += MINUTE
    created = pipeline.upload(FILE)
    assert pipeline.validate(created) == []
    pipeline.forget()
    return Step(import_id(created), lambda: pipeline.assign(import_id(created)))


def end(pipeline: Pipeline) -> Step:
    """The end of an import whose chunks are settled."""
    before = chunk(pipeline)
    assert before.run() == []
    pipeline.forget()
    return Step(before.needs, lambda: pipeline.finalize(before.needs))


def end_of_check(pipeline: Pipeline) -> Step:
    """The end of a check, whose first run was stopped before it asked to apply the file."""
    created = pipeline.upload(FILE, pipeline.ticket(on_error="all_or_nothing"))
    assert pipeline.validate(created) == []
    assert pipeline.assign(import_id(created)) == []
    pipeline.forget()
    with incident(pipeline.memory, Mishap("TransactWriteItems", kill_before=1)):
        pipeline.finalize(import_id(created))
    assert pipeline.item(created).state == "done"
    return Step(import_id(created), lambda: pipeline.finalize(import_id(created)))


def applied(pipeline: Pipeline, shown: ObjectCreated) -> ObjectCreated:
    """The object of the import that applies a dry run; it is not validated yet."""
    pipeline.run(shown)
    pipeline.clock.now += MINUTE
    answer = api(pipeline).post(f"/imports/{import_id(shown)}/apply", {"mode": "run"})
    assert answer.status == 202, answer.text
    return pipeline.memory.s3.buckets[pipeline.resources.uploads_bucket].events[-1]


def application(pipeline: Pipeline) -> Step:
    """The validation of an import that applies a dry run."""
    shown = pipeline.upload(FILE, mode=Mode.DRY_RUN)
    created = applied(pipeline, shown)
    return Step(import_id(shown), lambda: pipeline.validate(created))


@contextmanager
def without_item(pipeline: Pipeline, name: str, sk: str) -> Iterator[None]:
    """Runs the block while an item of the import is not there."""
    key = {"TableName": IMPORTS, "Key": key_of(name, sk)}
    item = pipeline.memory.execute("dynamodb", "GetItem", key)["Item"]
    pipeline.memory.execute("dynamodb", "DeleteItem", key)
    yield
    pipeline.memory.execute("dynamodb", "PutItem", {"TableName": IMPORTS, "Item": item})


@contextmanager
def without_objects(pipeline: Pipeline, name: str, part: str) -> Iterator[None]:
    """Runs the block while the import's work objects with `part` in their keys are not there."""
    work = pipeline.memory.s3.buckets[pipeline.resources.work_bucket].objects
    gone = {key: work.pop(key) for key in list(work) if key.startswith(f"{name}/{part}")}
    assert gone
    yield
    work.update(gone)


@pytest.mark.parametrize(
    ("step", "without", "what", "words"),
    [
        (chunk, without_item, "plan", "the plan of this import is not there yet"),
        (
            chunk,
            without_objects,
            "older open imports/",
            "the older open imports of this import are not there",
        ),
        (end, without_item, "plan", "the plan of this import is not there"),
        (end_of_check, without_item, "plan", "the plan of this import is not there"),
        (application, without_item, "plan", "the plan of the dry run is not there"),
        (
            application,
            without_item,
            "import",
            "the import whose file is to be read is not there",
        ),
    ],
    ids=[
        "chunk-plan",
        "chunk-older_imports",
        "end-plan",
        "end_of_check-plan",
        "application-plan",
        "application-import",
    ],
)
def test_a_message_comes_again_until_what_it_needs_is_there(
    pipeline: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    step: Callable[[Pipeline], Step],
    without: Callable[[Pipeline, str, str], AbstractContextManager[None]],
    what: str,
    words: str,
) -> None:
    monkeypatch.setattr(older_imports_list, "MAX_OLDER_IMPORTS_IN_PLAN", 0)
    pipeline.kenyan(1, held_by=AMINA)
    made = step(pipeline)
    announced = len(pipeline.memory.sns.published)

    with without(pipeline, made.needs, what):
        assert len(made.run()) == 1

    failed = [one for one in caplog.records if one.message == "message failed"]
    assert [vars(one)["reason"] for one in failed] == [words]
    assert len(pipeline.memory.sns.published) == announced
    assert made.run() == []
    pipeline.run()
    pipeline.settle()
    assert pipeline.holders("K000") == [BARAKA]


# Files that are gone


def assert_gone(pipeline: Pipeline, created: ObjectCreated) -> None:
    """Fails unless the import is refused because its file was deleted, and changed nothing."""
    item = pipeline.item(created)
    assert item.state == "refused"
    assert item.refusal.as_dict() == {
        "code": "OBJECT_GONE",
        "message": "the file was deleted before it was read. Upload it again.",
    }
    assert pipeline.holders("K000") == [AMINA]


@pytest.mark.parametrize(
    ("mode", "read"),
    [(Mode.PREVIEW, 1), (Mode.PREVIEW, 2), (Mode.RUN, 1), (Mode.RUN, 2)],
    ids=["preview-beginning", "preview-lines", "run-beginning", "run-clearing_lines"],
)
def test_a_file_that_is_deleted_before_any_of_its_reads_is_refused(
    pipeline: Pipeline, mode: Mode, read: int
) -> None:
    ids = pipeline.kenyan(20, held_by=AMINA)
    created = pipeline.upload(file_of((one, "None") for one in ids), mode=mode)
    reads = Mishap("GetObject")

    def delete() -> None:
        if reads.seen == read:
            del pipeline.memory.s3.buckets[created.bucket].objects[created.version.key]

    reads.before_call = delete
    with incident(pipeline.memory, reads):
        assert pipeline.validate(created) == []
    pipeline.run()

    assert reads.seen == read
    assert_gone(pipeline, created)


@pytest.mark.parametrize("name", [OUTCOME, CSV])
def test_a_workbook_whose_converted_file_is_gone_is_not_applied(
    pipeline: Pipeline, name: str
) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    rows = [("account ID", "account Manager"), ("K000", BARAKA)]
    shown = pipeline.upload(by_openpyxl(rows), mode=Mode.DRY_RUN)
    created = applied(pipeline, shown)

    with without_objects(pipeline, import_id(shown), name):
        pipeline.run(created)

    assert pipeline.waiting("ConvertQueue") == []
    assert_gone(pipeline, created)
