"""Corrections: lines in error are corrected, and only these are processed again."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from handover.model import Mode
from handover.profiles.presets import presets
from handover.use_cases import corrections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.kit.caller import Answer
from tests.kit.fixtures import clients_of_memory
from tests.kit.jobs import api
from tests.kit.memory_aws import ObjectCreated
from tests.kit.pipeline import (
    ADMIN,
    AMINA,
    BARAKA,
    DAY,
    MINUTE,
    SALES,
    TENANT,
    Pipeline,
    import_id,
    on_memory,
)

__all__ = ["clients_of_memory"]

HEADER = ("account ID", "account Manager", "note")
WRONG = "nobody@lumina.example"
MANAGER = "account Manager"


def body_of(
    *rows: tuple[str, ...], header: tuple[str, ...] = HEADER, delimiter: str = ","
) -> bytes:
    """The file as a spreadsheet writes it."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([header, *rows])
    return text.getvalue().encode()


def imported(pipeline: Pipeline, body: bytes, **ticket: Any) -> ObjectCreated:
    """The import of the file, after its end."""
    created = pipeline.upload(body, pipeline.ticket(**ticket))
    pipeline.run(created)
    pipeline.clock.now += MINUTE
    return created


def ask(
    pipeline: Pipeline, created: ObjectCreated, lines: Any, by: str = ADMIN, **body: Any
) -> Answer:
    """The API's answer to a person who corrects lines of the import."""
    path = f"/imports/{import_id(created)}/corrections"
    return api(pipeline, by).post(path, {"lines": lines} | body)


def corrected(pipeline: Pipeline, created: ObjectCreated, lines: Any, **body: Any) -> ObjectCreated:
    """The import of the corrected lines, after its run."""
    answer = ask(pipeline, created, lines, **body)
    assert answer.status == 202, answer.text
    (written,) = pipeline.settle()
    pipeline.clock.now += MINUTE
    assert pipeline.item(written).ticket == answer.body["import_id"]
    return written


def file_of(written: ObjectCreated, delimiter: str = ",") -> list[list[str]]:
    """The rows that were uploaded."""
    text = io.StringIO(written.version.body.decode(), newline="")
    return list(csv.reader(text, delimiter=delimiter))


def test_only_the_corrected_lines_are_processed_again(pipeline: Pipeline) -> None:
    pipeline.kenyan(3, held_by=AMINA)
    body = body_of(("K000", WRONG, "a"), ("K001", BARAKA, "b"), ("K002", WRONG, "c"))
    created = imported(pipeline, body)
    assert pipeline.counts(created) == {"lines": 3, "updated": 1, "rejected": 2}

    written = corrected(pipeline, created, {"4": {MANAGER: SALES}, "2": {MANAGER: BARAKA}})

    assert pipeline.holders("K000", "K001", "K002") == [BARAKA, BARAKA, SALES]
    assert pipeline.counts(written) == {"lines": 2, "updated": 2}
    assert file_of(written) == [list(HEADER), ["K000", BARAKA, "a"], ["K002", SALES, "c"]]


def test_the_new_import_is_linked_to_the_first_and_named_after_it(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    created = imported(pipeline, body_of(("K000", WRONG, "")))

    answer = ask(pipeline, created, {"2": {MANAGER: BARAKA}})

    assert answer.body["follows"] == import_id(created)
    (written,) = pipeline.settle()
    shown = api(pipeline).get(f"/imports/{import_id(written)}").body
    assert (shown["follows"], shown["filename"], shown["uploader"], shown["warnings"]) == (
        import_id(created),
        "corrections of customers.csv",
        ADMIN,
        [{"code": "COLUMN_IGNORED", "message": shown["warnings"][0]["message"]}],
    )


def test_lines_of_a_dry_run_are_corrected_in_a_dry_run_by_default(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    created = imported(pipeline, body_of(("K000", WRONG, "")), mode=Mode.DRY_RUN)

    dry = corrected(pipeline, created, {"2": {MANAGER: BARAKA}})
    assert pipeline.counts(dry) == {"lines": 1, "updated": 1}
    assert pipeline.holders("K000") == [AMINA]
    corrected(pipeline, created, {"2": {MANAGER: BARAKA}}, mode="run")

    assert pipeline.holders("K000") == [BARAKA]


def test_the_mapping_and_the_delimiter_stay_as_they_were(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    body = body_of(("K000", WRONG, "a;b"), header=("Kunde", "Wer", "note"), delimiter=";")
    mapping = {"Kunde": "account ID", "Wer": "account Manager"}
    created = imported(pipeline, body, mapping=mapping)

    written = corrected(pipeline, created, {"2": {"Wer": BARAKA}})

    assert pipeline.holders("K000") == [BARAKA]
    assert file_of(written, ";")[1] == ["K000", BARAKA, "a;b"]


def test_lines_of_an_uploaded_report_can_be_corrected(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    first = imported(pipeline, body_of(("K000", WRONG, "=1+1")))
    report = pipeline.file(first, "errors.csv")
    assert report is not None
    again = imported(pipeline, report)

    written = corrected(pipeline, again, {"2": {MANAGER: BARAKA}})

    assert pipeline.holders("K000") == [BARAKA]
    assert file_of(written) == [list(HEADER), ["K000", BARAKA, "=1+1"]]


cells = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
    st.sampled_from(
        ["=1+1", "'=1+1", "''-x", "+1", "@x", 'a "b" c', "a,b;c\td|e", "two\nlines", "\r\nx", "␛"]
    ),
)


@settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(pairs=st.lists(st.tuples(cells, cells), min_size=8, max_size=8))
def test_old_and_corrected_cells_arrive_unchanged(
    clients_of_memory: None, pairs: list[tuple[str, str]]
) -> None:
    with pytest.MonkeyPatch.context() as patch, on_memory(patch) as pipeline:
        header = (*HEADER, "other")
        lines = [(f"K{place:03d}", WRONG, kept, "x") for place, (kept, _) in enumerate(pairs)]
        created = imported(pipeline, body_of(*lines, header=header))
        fixed = {
            row["line"]: (row["account ID"], pair)
            for row, pair in zip(pipeline.table(created, "errors.csv"), pairs, strict=True)
            if row["code"] not in ("FIELD_COUNT", "INVALID_CHARACTER")
        }

        answer = ask(
            pipeline, created, {line: {"other": given} for line, (_, (_, given)) in fixed.items()}
        )

        assert answer.status == 202, answer.text
        (written,) = pipeline.settle()
        assert file_of(written) == [
            list(header),
            *([account, WRONG, kept, given] for account, (kept, given) in fixed.values()),
        ]
        assert pipeline.counts(written) == {"lines": len(fixed), "rejected": len(fixed)}


def test_a_line_whose_columns_cannot_be_distinguished_must_be_given_whole(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(2)
    body = b"account ID,account Manager,note\r\nK000,too,many,cells\r\nK001,few\r\n"
    created = imported(pipeline, body)

    answer = ask(pipeline, created, {"3": {MANAGER: BARAKA}})
    assert answer.status == 400
    assert "missing: account ID, note" in answer.body["detail"]
    whole = {"account ID": "K001", MANAGER: BARAKA, "note": ""}
    corrected(pipeline, created, {"3": whole})

    assert pipeline.holders("K000", "K001") == ["", BARAKA]


def test_a_line_that_is_malformed_must_be_given_whole(pipeline: Pipeline) -> None:
    """It has as many cells as there are columns, but what they hold is a guess."""
    pipeline.kenyan(1)
    body = f'account ID,account Manager,note\r\n"K000"x,{AMINA},a\r\n'.encode()
    created = imported(pipeline, body)

    answer = ask(pipeline, created, {"2": {"account ID": "K000"}})
    assert answer.status == 400, answer.text
    assert "missing: account Manager, note" in answer.body["detail"]
    whole = {"account ID": "K000", MANAGER: BARAKA, "note": ""}
    written = corrected(pipeline, created, {"2": whole})

    assert file_of(written) == [list(HEADER), ["K000", BARAKA, ""]]


def test_corrections_do_to_other_lines_in_error_what_the_import_did(pipeline: Pipeline) -> None:
    created = imported(pipeline, body_of(("K000", WRONG, "")), on_error="all_or_nothing")

    ticket = ask(pipeline, created, {"2": {MANAGER: BARAKA}}).body["import_id"]

    item = pipeline.resources.tables.tickets.find(ticket)
    assert item is not None
    assert item.on_error == "all_or_nothing"


def test_lines_are_not_corrected_by_a_profile_that_has_lost_a_column_of_the_mapping(
    pipeline: Pipeline,
) -> None:
    strict = presets()["single-strict"]
    pipeline.resources.tables.directory.put_profile(TENANT, replace(strict, name="own"))
    pipeline.switch_on("own")
    body = body_of(("K000", WRONG, ""), header=("Kunde", MANAGER, "note"))
    created = imported(pipeline, body, profile="own", mapping={"Kunde": "account ID"})
    key, *others = strict.columns
    columns = (replace(key, label="customer", aliases=()), *others)
    changed = replace(strict, name="own", version=2, columns=columns)
    pipeline.resources.tables.directory.put_profile(TENANT, changed)

    answer = ask(pipeline, created, {"2": {MANAGER: BARAKA}})

    assert (answer.status, answer.body["field"]) == (400, "mapping")


def test_lines_that_were_not_processed_can_be_corrected(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    created = pipeline.upload(body_of(("K000", BARAKA, "a")))
    pipeline.validate(created)
    assert api(pipeline).post(f"/imports/{import_id(created)}/cancel").status == 202
    pipeline.run()
    assert pipeline.counts(created) == {"lines": 1, "not_processed": 1}

    corrected(pipeline, created, {"2": {"note": "b"}})

    assert pipeline.holders("K000") == [BARAKA]


@pytest.mark.parametrize(
    ("lines", "field", "says"),
    [
        ({}, "lines", "found 0 lines"),
        ({str(number): {"note": ""} for number in range(1001)}, "lines", "found 1,001 lines"),
        ({"2": {}}, "lines.2", "found no cells"),
        ({"x": {"note": "a"}}, "lines", "found 'x'"),
        ({"-2": {"note": "a"}}, "lines", "found '-2'"),
        ({"٢": {"note": "a"}}, "lines", "found '٢'"),
        ({"999999999": {"note": "a"}}, "lines.999999999", "no such line"),
        ({"1000000000": {"note": "a"}}, "lines", "found '1000000000', expected the number"),
        ({"9": {"note": "a"}}, "lines.9", "no such line"),
        ({"3": {"note": "a"}}, "lines.3", "not in error"),
        (
            {"2": {"Nobody": "a"}},
            "lines.2.Nobody",
            "found no column 'Nobody', expected one of 'account ID', 'account Manager', 'note'",
        ),
        ({"2": {"note": "x" * 10_001}}, "lines.2.note", "10,001 characters"),
        ({"2": {"note": "a\0"}}, "lines.2.note", "U+0000"),
        ({"2": dict.fromkeys(HEADER, " ")}, "lines.2", "every cell would be blank"),
    ],
)
def test_an_invalid_correction_is_answered_with_its_place(
    pipeline: Pipeline, lines: Any, field: str, says: str
) -> None:
    pipeline.kenyan(2)
    created = imported(pipeline, body_of(("K000", WRONG, ""), ("K001", BARAKA, "")))

    answer = ask(pipeline, created, lines)

    assert answer.status == 400, answer.text
    assert answer.body["field"] == field
    assert says in answer.body["detail"]
    assert pipeline.settle() == []


TWO_LINES = {"2": {MANAGER: BARAKA, "note": "x" * 40}, "3": {MANAGER: BARAKA}}


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("MAX_LINES", 2),
        ("MAX_CORRECTED_BYTES", len(json.dumps(TWO_LINES))),
        ("MAX_FIELD_CHARS", 40),
    ],
)
def test_a_correction_may_take_all_that_is_allowed(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, name: str, most: int
) -> None:
    created = imported(pipeline, body_of(("K000", WRONG, ""), ("K001", WRONG, "")))

    statuses = []
    for limit in (most - 1, most):
        monkeypatch.setattr(corrections, name, limit)
        statuses.append(ask(pipeline, created, TWO_LINES).status)

    assert statuses == [400, 202]


def test_the_size_of_all_corrections_is_limited(pipeline: Pipeline) -> None:
    created = imported(pipeline, body_of(*((f"K{one}", WRONG, "") for one in range(200))))

    answer = ask(pipeline, created, {str(2 + n): {"note": "x" * 9_000} for n in range(200)})

    assert answer.status == 400
    assert "expected at most 1,048,576" in answer.body["detail"]


def test_a_column_without_a_label_of_its_own_gets_a_name(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    header = ("account ID", "account Manager", "note", "note", "")
    created = imported(pipeline, body_of(("K000", WRONG, "a", "b", "c"), header=header))
    cells = {"note": "1", "note (2)": "2", "column 5": "3", MANAGER: BARAKA}

    written = corrected(pipeline, created, {"2": cells})

    assert file_of(written)[1] == ["K000", BARAKA, "1", "2", "3"]


def test_a_name_that_means_two_columns_is_refused(pipeline: Pipeline) -> None:
    header = ("account ID", "account Manager", "note", "NOTE")
    created = imported(pipeline, body_of(("K000", WRONG, "a", "b"), header=header))

    answer = ask(pipeline, created, {"2": {"Note": "c"}})

    assert answer.status == 400
    assert "found 2 columns 'Note'" in answer.body["detail"]


def test_a_label_may_be_written_in_another_case(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    created = imported(pipeline, body_of(("K000", WRONG, "a")))

    corrected(pipeline, created, {"2": {" ACCOUNT  manager": BARAKA}})

    assert pipeline.holders("K000") == [BARAKA]


def test_an_import_without_correctable_lines_is_answered_with_the_reason(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    good = imported(pipeline, body_of(("K000", BARAKA, "")))
    refused = imported(pipeline, b"a,b\r\n1,2\r\n")
    running = pipeline.upload(body_of(("K000", WRONG, "")))
    pipeline.validate(running)
    pipeline.forget()
    undo = api(pipeline).post(f"/imports/{import_id(good)}/undo").body["import_ticket"]
    abandoned = imported(pipeline, body_of(("K000", WRONG, "")))
    item = pipeline.item(abandoned)
    item.refusal = {"code": "NOT_VALIDATED", "message": "x"}
    item.save()

    def why(name: str) -> str:
        answer = api(pipeline).post(f"/imports/{name}/corrections", {"lines": {"2": {"note": ""}}})
        assert answer.status == 409, answer.text
        return str(answer.body["detail"])

    assert "no lines in error" in why(import_id(good))
    assert "whole file was refused" in why(import_id(refused))
    assert "whole file was refused" in why(import_id(abandoned))
    assert "has not ended" in why(import_id(running))
    assert "nothing has been uploaded" in why(undo)
    (written,) = pipeline.settle()
    assert "Handover wrote this file" in why(import_id(written))


def test_an_import_whose_report_is_deleted_cannot_be_corrected(pipeline: Pipeline) -> None:
    created = imported(pipeline, body_of(("K000", WRONG, "")))
    bucket = pipeline.memory.s3.buckets[pipeline.resources.reports_bucket]
    bucket.objects.pop(f"{TENANT}/{import_id(created)}/errors.csv")
    pipeline.clock.now += DAY

    answer = ask(pipeline, created, {"2": {MANAGER: BARAKA}})

    assert answer.status == 409
    assert "no longer kept" in answer.body["detail"]


def test_a_line_far_down_a_long_report_is_not_searched_for(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.kenyan(1)
    created = imported(pipeline, body_of(*((f"K{one:03}", WRONG, "") for one in range(50))))
    monkeypatch.setattr("handover.use_cases.corrections.MAX_REPORT_BYTES", 2_000)

    answer = ask(pipeline, created, {"51": {MANAGER: BARAKA}})

    assert answer.status == 409
    assert "line 51 is too far down" in answer.body["detail"]
    corrected(pipeline, created, {"2": {MANAGER: BARAKA}})


def test_a_thousand_lines_or_a_megabyte_are_corrected_and_not_one_more(pipeline: Pipeline) -> None:
    rows = ((f"K{one:03}", WRONG, "") for one in range(1_001))
    created = imported(pipeline, body_of(*rows))

    def status(lines: dict[str, dict[str, str]]) -> tuple[int, str | None]:
        answer = ask(pipeline, created, lines)
        return answer.status, answer.body.get("field")

    many = {str(number): {MANAGER: BARAKA} for number in range(2, 1_002)}
    wide = {str(number): {"note": "x" * 9_900} for number in range(2, 107)}
    left = 1024**2 - len(json.dumps(wide).encode())
    last = len(json.dumps({"200": {"note": ""}}).encode())
    full = wide | {"200": {"note": "x" * (left - last)}}

    assert status(many) == (202, None)
    assert status(many | {"1002": {MANAGER: BARAKA}}) == (400, "lines")
    assert status(full) == (202, None)
    assert status(full | {"200": {"note": "x" * (left - last + 1)}}) == (400, "lines")
    assert status({"2": {"note": "x" * 10_000}}) == (202, None)
    assert status({"2": {"note": "x" * 10_001}}) == (400, "lines.2.note")


def test_only_users_who_may_upload_such_files_correct_lines(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    created = imported(pipeline, body_of(("K000", WRONG, "")))

    assert ask(pipeline, created, {"2": {MANAGER: BARAKA}}, by=SALES).status == 403
