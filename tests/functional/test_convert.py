"""Workbooks: a function of their own converts them, then they are imported as any other file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from handover.aws.objects import Upload
from handover.model import Account, Mode
from handover.pipeline.conversion import CSV, OUTCOME
from handover.pipeline.sweep import LOST_SECONDS
from handover.pipeline.uploads import Arrival, arrival_message

from tests.kit.memory_aws import Twist
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import AMINA, BARAKA, HOUR, TENANT, Pipeline, import_id, with_body
from tests.workbooks.builders import Rows, by_openpyxl, by_xlsxwriter
from tests.workbooks.raw import packed

HEADER = ("account ID", "account Manager")


@dataclass
class Ranges(Mishap):
    """Notes which bytes of objects are read."""

    operation: str = "GetObject"
    found: list[str] = field(default_factory=list)

    def before(
        self, number: int, service: str, operation: str, params: dict[str, Any]
    ) -> Twist | None:
        if operation == self.operation:
            self.found.append(params["Range"])
        return super().before(number, service, operation, params)


def book(*rows: tuple[Any, ...], **options: Any) -> bytes:
    """A workbook with a header and these rows."""
    found: Rows = [HEADER, *rows]
    return by_openpyxl(found, **options)


def refusal_of(pipeline: Pipeline, body: bytes) -> dict[str, Any]:
    """The refusal with which the upload ends."""
    created = pipeline.upload(body)
    pipeline.run(created)
    assert pipeline.item(created).state == "refused"
    found: dict[str, Any] = pipeline.summary(created)["refusal"]
    return found


@pytest.mark.parametrize("write", [by_openpyxl, by_xlsxwriter])
def test_a_workbook_is_imported_as_it_is_shown(pipeline: Pipeline, write: Any) -> None:
    pipeline.kenyan(3)
    created = pipeline.upload(write([HEADER, ("K000", AMINA), (), ("K002", "nobody"), ()]))

    pipeline.run(created)

    assert pipeline.holders("K000", "K001", "K002") == [AMINA, "", ""]
    assert pipeline.counts(created) == {"lines": 2, "updated": 1, "rejected": 1}
    (error,) = pipeline.table(created, "errors.csv")
    assert error["line"] == "4", "the row of the sheet"
    assert pipeline.item(created).delimiter == ","


def test_a_dropped_workbook_is_imported_too(pipeline: Pipeline) -> None:
    pipeline.source()
    pipeline.kenyan(1)
    created = pipeline.drop(book(("K000", AMINA)), "customers.xlsx")

    pipeline.run(created)

    assert pipeline.holders("K000") == [AMINA]


def test_a_number_names_the_account_as_it_is_shown(pipeline: Pipeline) -> None:
    pipeline.accounts(*(Account(TENANT, one, 1, opco="Kenya") for one in ("42", "00042")))
    created = pipeline.upload(by_openpyxl([HEADER, (42, AMINA)], "00000"))

    pipeline.run(created)

    assert pipeline.holders("42", "00042") == ["", AMINA]


def test_an_unreadable_cell_rejects_only_its_own_line(pipeline: Pipeline) -> None:
    pipeline.kenyan(3)
    rows = [("K000", AMINA, "=1+1"), ("K001", "=B2", "x"), (1e15, AMINA, "x")]
    created = pipeline.upload(by_openpyxl([(*HEADER, "note"), *rows], "formula"))

    pipeline.run(created)

    assert pipeline.holders("K000", "K001") == [AMINA, ""]
    first, second = pipeline.table(created, "errors.csv")
    assert (first["code"], first["line"]) == ("CELL_UNREADABLE", "3")
    assert first["error"] == (
        "line 3, account Manager: the cell holds a formula without a saved result; expected a value"
    )
    assert "save it" in first["hint"]
    assert (second["code"], "15 digits" in second["error"]) == ("CELL_UNREADABLE", True)


def test_a_refused_workbook_says_what_to_do(pipeline: Pipeline) -> None:
    def hide(workbook: Any) -> None:
        workbook.worksheets[0].row_dimensions[2].hidden = True

    refusal = refusal_of(pipeline, book(("K000", AMINA), change=hide))

    assert (refusal["code"], refusal["line"]) == ("HIDDEN_ROWS", 2)
    assert "Show them" in refusal["message"]


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (b"\xd0\xcf\x11\xe0" + bytes(600), "NOT_CSV", "(.xls)"),
        (
            b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
            "NOT_CSV",
            "with a password",
        ),
        (
            b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
            "NOT_CSV",
            "(.ods)",
        ),
        (packed({"xl/workbook.xml": None}), "WORKBOOK_DAMAGED", "save it again"),
    ],
)
def test_a_workbook_of_another_kind_is_refused_by_its_name(
    pipeline: Pipeline, body: bytes, code: str, words: str
) -> None:
    refusal = refusal_of(pipeline, body)

    assert refusal["code"] == code
    assert words in refusal["message"]


def test_a_sheet_or_column_that_needs_attention_is_a_warning(pipeline: Pipeline) -> None:
    def hide(workbook: Any) -> None:
        workbook.worksheets[0].column_dimensions["B"].hidden = True
        other = workbook.create_sheet("Lists")
        other["A1"], other.sheet_state = "x", "hidden"

    pipeline.kenyan(1)
    created = pipeline.upload(book(("K000", AMINA), change=hide))

    pipeline.run(created)

    warnings = pipeline.summary(created)["warnings"]
    assert [one["code"] for one in warnings] == ["SHEET_IGNORED", "COLUMN_HIDDEN"]
    assert "'Lists'" in warnings[0]["message"]
    assert "'account Manager'" in warnings[1]["message"]


def test_a_cell_of_a_workbook_is_not_split_into_columns(pipeline: Pipeline) -> None:
    created = pipeline.upload(by_xlsxwriter([(";".join(HEADER),), (f"K000;{AMINA}",)]))

    pipeline.run(created)

    assert pipeline.summary(created)["refusal"]["code"] == "MISSING_COLUMN"


def test_a_workbook_is_fetched_from_its_first_byte(pipeline: Pipeline) -> None:
    created = pipeline.upload(book(("K000", AMINA)))
    pipeline.validate(created)
    (body,) = pipeline.waiting("ConvertQueue")

    reads = Ranges()
    with incident(pipeline.memory, reads):
        assert pipeline.convert(body) == []

    assert reads.found == [f"bytes=0-{len(created.version.body) - 1}"]


def test_a_first_cell_may_look_like_anything(pipeline: Pipeline) -> None:
    created = pipeline.upload(by_xlsxwriter([("sep=;", "a;account ID"), ("<html>", "%PDF-")]))

    pipeline.run(created)

    message = pipeline.summary(created)["refusal"]["message"]
    assert pipeline.item(created).state == "refused"
    assert "account ID" in message


def test_validate_waits_for_the_conversion_and_requests_it_again_if_it_is_lost(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(1)
    body = book(("K000", AMINA))
    created = pipeline.upload(body)

    assert pipeline.validate(created) == []
    (message,) = pipeline.waiting("ConvertQueue")
    assert pipeline.item(created).state == "validating"
    pipeline.forget()
    pipeline.clock.now += LOST_SECONDS
    pipeline.sweep("imports")

    assert len(pipeline.waiting("IntakeQueue")) == 1
    pipeline.run()
    assert pipeline.holders("K000") == [AMINA]
    assert message["arrival"]["size_bytes"] == len(body)


def test_a_workbook_that_is_converted_twice_is_imported_once(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    created = pipeline.upload(book(("K000", AMINA)))
    pipeline.validate(created)
    (message,) = pipeline.waiting("ConvertQueue")
    pipeline.run()

    assert pipeline.convert(message) == []
    pipeline.run()

    assert pipeline.counts(created) == {"lines": 1, "updated": 1}
    assert len(pipeline.account("K000").receipts) == 1


def test_two_workbooks_take_effect_in_the_order_of_their_upload(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    first = pipeline.upload(book(("K000", AMINA)))
    pipeline.clock.now += 1
    second = pipeline.upload(book(("K000", BARAKA)))

    pipeline.run(second)
    pipeline.run(first)

    assert pipeline.holders("K000") == [BARAKA]
    assert pipeline.counts(first) == {"lines": 1, "superseded": 1}


def test_a_workbook_that_cannot_be_converted_is_finally_refused(pipeline: Pipeline) -> None:
    created = pipeline.upload(book(("K000", AMINA)))
    pipeline.validate(created)
    (message,) = pipeline.waiting("ConvertQueue")
    pipeline.forget()

    assert pipeline.abandon(with_body("abandon-chunk", message)) == []
    pipeline.run()

    assert pipeline.summary(created)["refusal"]["code"] == "NOT_VALIDATED"


def test_a_conversion_that_runs_out_of_time_is_retried(pipeline: Pipeline) -> None:
    created = pipeline.upload(book(("K000", AMINA)))
    pipeline.validate(created)
    (message,) = pipeline.waiting("ConvertQueue")

    assert len(pipeline.convert(message, seconds=1.0)) == 1

    work = pipeline.memory.s3.buckets[pipeline.resources.work_bucket].objects
    assert {key.rpartition("/")[2] for key in work} & {CSV, OUTCOME} == set()


def test_a_workbook_that_is_deleted_before_it_is_converted_is_refused(pipeline: Pipeline) -> None:
    created = pipeline.upload(book(("K000", AMINA)))
    pipeline.validate(created)
    bucket = pipeline.memory.s3.buckets[pipeline.resources.uploads_bucket]
    del bucket.objects[created.version.key]

    pipeline.run()

    assert pipeline.summary(created)["refusal"]["code"] == "OBJECT_GONE"
    assert import_id(created) in pipeline.all_imports()


def test_a_cancelled_workbook_ends_without_being_read(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    created = pipeline.upload(book(("K000", AMINA)))
    pipeline.validate(created)
    pipeline.clock.now += HOUR
    pipeline.resources.tables.imports.cancel(
        import_id(created), "somebody", at=pipeline.item_time(created)
    )

    pipeline.run()

    assert pipeline.holders("K000") == [""]


def test_a_workbook_can_be_previewed(pipeline: Pipeline) -> None:
    created = pipeline.upload(book(("K000", AMINA)), mode=Mode.PREVIEW)

    pipeline.run(created)

    assert pipeline.item(created).state == "done"
    assert AMINA in (pipeline.file(created, "preview.json") or b"").decode()


@pytest.mark.parametrize(
    ("bucket", "key"),
    [
        ("somebody-elses-bucket", f"in/{TENANT}/customers.xlsx"),
        ("uploadsbucket", f"drop/{TENANT}/erp/archive/customers.xlsx"),
    ],
)
def test_an_object_that_makes_no_import_is_not_converted(
    pipeline: Pipeline, bucket: str, key: str
) -> None:
    arrival = Arrival(Upload(bucket, key, "1"), pipeline.clock.now, "", "", size_bytes=100)

    assert pipeline.convert(arrival_message(arrival)) == []

    assert pipeline.waiting() == []
    assert pipeline.memory.s3.buckets[pipeline.resources.work_bucket].objects == {}
