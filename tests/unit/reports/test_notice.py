"""Notices: what people and machines read when an import has ended or waits."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from handover.model import FileWarning, JobKind, Mode, Refusal, State
from handover.reports.counts import Counts
from handover.reports.notice import notice
from handover.reports.summary import Approval, ImportSummary, ReportObject, summary
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

DONE = ImportSummary(
    import_id="0123456789abcdef0123456789abcdef",
    tenant="lumina",
    profile="single-strict",
    source="user",
    uploader="ines@lumina.example",
    filename="march.csv",
    mode=Mode.RUN,
    state=State.DONE,
    received_at=datetime(2025, 3, 4, 8, tzinfo=UTC),
    finished_at=datetime(2025, 3, 4, 9, tzinfo=UTC),
    counts=Counts(lines=1200, updated=1100, unchanged=100),
    accounts_updated=1100,
)
ERROR = replace(
    DONE,
    state=State.ERROR,
    counts=Counts(lines=60, updated=30, cleared=8, unchanged=9, duplicate=1, rejected=12),
    accounts_updated=38,
    report=ReportObject("handover-reports", "lumina/0123/errors.csv"),
)
REFUSED = replace(
    DONE,
    state=State.REFUSED,
    counts=Counts(),
    accounts_updated=0,
    refusal=Refusal("MISSING_COLUMN", "line 1: there is no column 'account Manager'", 1),
)
WAITING = replace(
    DONE,
    state=State.AWAITING_APPROVAL,
    finished_at=None,
    counts=Counts(),
    approval=Approval("CLEARS_MANY", would_clear=30, lines=60),
)
CONSOLE = "https://handover.example/"
LINK = f"{CONSOLE}console/imports/{DONE.import_id}"
TELLABLE = [s for s in State if s.is_final or s is State.AWAITING_APPROVAL]


@pytest.mark.parametrize(
    ("import_", "subject"),
    [
        (DONE, "Import done: march.csv (1,200 lines, 1,100 changed)"),
        (ERROR, "Import error: march.csv (60 lines, 38 changed, 12 with errors)"),
        (replace(ERROR, mode=Mode.DRY_RUN), "Dry run error: march.csv (60 lines, 38 changed,"),
        (REFUSED, "Import refused: march.csv"),
        (WAITING, "Import awaiting approval: march.csv (would clear 30 of 60 lines)"),
        (replace(DONE, filename="Übergabe März.csv"), "Import done: Ubergabe Marz.csv ("),
        (replace(DONE, filename="a\u2026z\u20ac.csv"), "Import done: a...z?.csv ("),
    ],
)
def test_the_subject_says_state_file_and_counts(import_: ImportSummary, subject: str) -> None:
    assert notice(import_).subject.startswith(subject)


@given(
    st.text(max_size=300),
    st.sampled_from(TELLABLE),
    st.sampled_from(Mode),
    st.integers(0, 20_000_000),
)
def test_any_file_name_gives_a_subject_that_sns_accepts(
    filename: str, state: State, mode: Mode, lines: int
) -> None:
    counts = Counts(lines=lines, updated=lines, rejected=lines)
    approval = Approval("CLEARS_MANY", lines, lines)

    sent = notice(
        replace(DONE, filename=filename, state=state, mode=mode, counts=counts, approval=approval)
    )

    assert 0 < len(sent.subject) < 100
    assert sent.subject.isascii()
    assert sent.subject.isprintable()
    assert sent.subject[0].isalpha()


@given(st.text(max_size=2_000), st.text(max_size=3_000))
def test_text_of_a_file_cannot_forge_a_line_of_the_notice(filename: str, message: str) -> None:
    plain = replace(REFUSED, filename="x", refusal=Refusal("NOT_CSV", "x"))
    hostile = replace(plain, filename=filename, refusal=Refusal("NOT_CSV", message))

    text = notice(hostile).text

    assert len(text.splitlines()) == len(notice(plain).text.splitlines())
    assert text.replace("\n", "").isprintable()


def test_a_long_file_name_is_cut_with_an_ellipsis() -> None:
    sent = notice(replace(ERROR, filename="a" * 1_000 + ".csv"))

    assert "aaa... (60 lines, 38 changed, 12 with errors)" in sent.subject
    assert "aaa…" in sent.text


@pytest.mark.parametrize("beyond", range(6))
def test_a_subject_of_99_characters_has_the_whole_file_name_and_a_longer_one_ends_in_dots(
    beyond: int,
) -> None:
    before, after = "Import done: ", " (1,200 lines, 1,100 changed)"
    room = 99 - len(before) - len(after)

    subject = notice(replace(DONE, filename="a" * (room + beyond))).subject

    shown = "a" * (room - 3) + "..." if beyond else "a" * room
    assert subject == f"{before}{shown}{after}"


def test_texts_of_the_uploader_are_cut_to_what_a_message_can_hold() -> None:
    def kept(changed: int) -> dict[str, object]:
        warnings = [FileWarning("A" * 300, "b" * (1000 + changed)), FileWarning("C", "")]
        hostile = replace(
            REFUSED,
            filename="a" * (700 + changed),
            refusal=Refusal("NOT_CSV", "b" * (1000 + changed)),
            warnings=tuple(warnings),
        )
        found = json.loads(notice(hostile).json)
        return {
            "filename": len(found["filename"]),
            "refusal": len(found["refusal"]["message"]),
            "warnings": [len(one["message"]) for one in found.get("warnings", ())],
        }

    assert kept(0) == {"filename": 700, "refusal": 1000, "warnings": [1000]}
    assert kept(1) == {"filename": 700, "refusal": 1000, "warnings": []}
    assert kept(-1) == {"filename": 699, "refusal": 999, "warnings": [999, 0]}


@pytest.mark.parametrize(("length", "shown"), [(256, "p" * 256), (257, "p" * 255 + "\u2026")])
def test_an_attribute_and_what_to_quote_have_at_most_256_characters(
    length: int, shown: str
) -> None:
    sent = notice(replace(DONE, profile="p" * length))

    assert sent.attributes["profile"] == shown
    assert f"\nProfile: {shown}\n" in sent.text


def test_a_message_stays_within_the_limit_of_sns() -> None:
    worst = "\U0001f600" * 5_000
    hostile = replace(
        REFUSED,
        filename=worst,
        refusal=Refusal("NOT_CSV", worst),
        warnings=tuple(FileWarning("COLUMN_IGNORED", worst[:400]) for _ in range(9)),
    )

    assert "Please note" in notice(hostile).text
    assert len(notice(hostile).message_structure().encode()) < 262_144


def test_warnings_are_in_the_text_and_in_the_json() -> None:
    warned = replace(DONE, warnings=(FileWarning("COLUMN_IGNORED", "line 1: 'x'\nwas ignored"),))

    sent = notice(warned)

    assert "Please note:\n  line 1: 'x' was ignored\n" in sent.text
    assert json.loads(sent.json)["warnings"] == [
        {"code": "COLUMN_IGNORED", "message": "line 1: 'x'\nwas ignored"}
    ]


def test_the_text_names_the_counts_that_are_not_zero_and_where_the_report_is() -> None:
    text = notice(ERROR).text

    assert '"march.csv" ended with errors: 12 of 60 lines could not be applied' in text
    assert "  30  updated\n   8  cleared\n" in text
    assert "  12  rejected" in text
    assert "superseded" not in text
    assert "Accounts changed: 38" in text
    assert "s3://handover-reports/lumina/0123/errors.csv" in text
    assert "correct the 12 lines" in text


@pytest.mark.parametrize(("on_error", "failed"), [("", 12), ("stop_above: 5 %", 15)])
def test_lines_that_yielded_to_a_later_change_count_as_failed_where_errors_affect_others(
    on_error: str, failed: int
) -> None:
    counts = Counts(lines=60, updated=45, superseded=3, rejected=12)

    text = notice(replace(ERROR, counts=counts, on_error=on_error)).text

    assert f"ended with errors: {failed} of 60 lines could not be applied." in text


def test_u8_a_file_about_users_says_how_many_users_changed() -> None:
    assert "Users changed: 38" in notice(replace(ERROR, profile="directory-users")).text


def test_a_dry_run_says_that_nothing_was_changed() -> None:
    with_errors = notice(replace(ERROR, mode=Mode.DRY_RUN)).text
    without = notice(replace(DONE, mode=Mode.DRY_RUN)).text

    assert "Nothing was changed" in with_errors
    assert "upload the whole file" in with_errors
    assert "Accounts that would change: 38" in with_errors
    assert "Nothing was changed" in without
    assert f"\n  handover apply {DONE.import_id}\n" in without
    assert "without dry run" in without


def test_a_refusal_says_why_and_what_to_do() -> None:
    unknown = replace(REFUSED, refusal=Refusal("TICKET_UNKNOWN", "no such ticket"))
    no_place = replace(REFUSED, refusal=Refusal("UNCLOSED_QUOTE", "a quote is not closed", 7))

    assert "no column 'account Manager' (MISSING_COLUMN)" in notice(REFUSED).text
    assert "Correct this in your file and upload the whole file again" in notice(REFUSED).text
    assert "Start a new upload" in notice(unknown).text
    assert "(UNCLOSED_QUOTE, line 7)" in notice(no_place).text


def test_a_file_under_a_used_ticket_must_be_uploaded_again() -> None:
    replayed = replace(REFUSED, refusal=Refusal("TICKET_REPLAYED", "the ticket was used"))

    assert "What to do: Start a new upload in Handover" in notice(replayed).text


@pytest.mark.parametrize("state", [State.DONE, State.ERROR, State.CANCELLED])
def test_the_notice_of_an_approved_import_says_how_it_ended(state: State) -> None:
    """The reason for the wait was announced when it waited."""
    ended = notice(replace(ERROR, state=state, approval=WAITING.approval))

    assert "would clear" not in ended.subject
    assert "(60 lines, 38 changed, 12 with errors)" in ended.subject
    assert "waits for an Admin" not in ended.text


def test_the_notice_names_the_source_of_a_system_and_none_for_a_person() -> None:
    assert (
        "\nSource: erp\nUploaded by: ines@lumina.example\n"
        in notice(replace(DONE, source="erp")).text
    )
    assert "Source:" not in notice(DONE).text
    assert "Source:" not in notice(replace(DONE, source="")).text


@pytest.mark.parametrize("kept", [1, 119, 120])
def test_a_file_name_that_fits_is_shown_whole(kept: int) -> None:
    assert f'"{"a" * kept}"' in notice(replace(DONE, filename="a" * kept)).text


@pytest.mark.parametrize("length", [121, 5_000])
def test_a_file_name_is_cut_to_120_characters(length: int) -> None:
    assert f'"{"a" * 119}…"' in notice(replace(DONE, filename="a" * length)).text


def test_unprocessed_lines_must_be_uploaded_as_they_are() -> None:
    counts = Counts(lines=9, updated=5, not_processed=4)
    cancelled = replace(ERROR, state=State.CANCELLED, counts=counts)
    both = replace(ERROR, counts=replace(counts, updated=4, rejected=1))

    assert "Upload the report as it is" in notice(cancelled).text
    assert "Leave the 4 lines not processed as they are" in notice(both).text


@pytest.mark.parametrize("kind", JobKind)
@pytest.mark.parametrize("state", [State.ERROR, State.CANCELLED, State.REFUSED])
def test_the_notice_of_a_job_does_not_say_to_upload_its_report(kind: JobKind, state: State) -> None:
    counts = Counts(lines=9, updated=4, rejected=1, not_processed=4)
    undo_of = "f" * 32 if kind is JobKind.UNDO else ""
    if state is State.REFUSED:
        ended = replace(REFUSED, job=kind, undo_of=undo_of)
    else:
        ended = replace(ERROR, state=state, counts=counts, job=kind, undo_of=undo_of)

    text = notice(ended).text

    assert "upload it" not in text
    assert "please" not in text
    assert "Upload" not in text.replace("Uploaded by", "")
    if kind.follows_the_directory:
        assert "retries" in text
    else:
        assert "What to do: ask for the" in text
        assert f"POST /imports/{undo_of}/undo" in text or kind is JobKind.OWNER


def test_the_notice_of_the_dry_run_of_a_job_says_to_request_it_again() -> None:
    text = notice(replace(DONE, mode=Mode.DRY_RUN, job="owner")).text

    assert "ask for it again without dry run" in text
    assert "upload" not in text.lower().replace("uploaded by", "")


def test_machines_get_the_import_under_a_schema_and_a_dedupe_id() -> None:
    body = json.loads(notice(ERROR).json)

    assert list(body)[:2] == ["schema", "dedupe_id"]
    assert body.pop("schema") == "handover.import/1"
    assert body.pop("dedupe_id") == "import-finished/0123456789abcdef0123456789abcdef"
    assert body == summary(ERROR)


def test_an_import_that_waits_is_announced_under_an_id_of_its_own() -> None:
    sent = notice(WAITING)

    assert sent.dedupe_id == "import-awaiting-approval/0123456789abcdef0123456789abcdef"
    assert json.loads(sent.json)["dedupe_id"] == sent.dedupe_id
    assert "30 of its 60 lines would remove someone" in sent.text
    assert "POST /imports/0123456789abcdef0123456789abcdef/approve" in sent.text


def test_an_import_that_waits_without_counts_still_says_that_nothing_has_changed() -> None:
    text = notice(replace(WAITING, approval=None)).text

    assert "waits for an Admin. Nothing has been changed so far.\n" in text


def test_each_protocol_gets_the_body_it_can_read() -> None:
    sent = notice(ERROR)

    bodies = json.loads(sent.message_structure())

    assert {p for p, body in bodies.items() if body == sent.text} == {"default", "email"}
    assert {p for p, body in bodies.items() if body == sent.json} == {
        "sqs",
        "lambda",
        "http",
        "https",
    }


def test_attributes_are_strings_and_never_empty() -> None:
    known = notice(ERROR).message_attributes()
    unknown = notice(replace(REFUSED, tenant="", profile="", source="\n")).attributes

    assert known == {
        "tenant": {"DataType": "String", "StringValue": "lumina"},
        "state": {"DataType": "String", "StringValue": "error"},
        "profile": {"DataType": "String", "StringValue": "single-strict"},
        "source": {"DataType": "String", "StringValue": "user"},
        "mode": {"DataType": "String", "StringValue": "run"},
    }
    assert unknown == {"state": "refused", "mode": "run"}


@pytest.mark.parametrize("state", [s for s in State if s not in TELLABLE])
def test_an_import_in_progress_has_no_message(state: State) -> None:
    with pytest.raises(ValueError, match="no message yet"):
        notice(replace(DONE, state=state))


def test_the_same_import_gives_the_same_notice() -> None:
    assert notice(ERROR) == notice(replace(ERROR))


@pytest.mark.parametrize("import_", [DONE, ERROR, REFUSED, WAITING])
def test_the_notice_has_the_address_of_the_import_in_the_console(import_: ImportSummary) -> None:
    linked, plain = notice(import_, CONSOLE), notice(import_)

    assert f"In the console:\n  {LINK}\n" in linked.text
    assert json.loads(linked.json)["console_url"] == LINK
    assert linked.text.replace(f"In the console:\n  {LINK}\n\n", "") == plain.text
    assert "console_url" not in json.loads(plain.json)


@pytest.mark.parametrize(
    ("approve_reason", "cancel_reason", "lines"),
    [
        ("", "", ["Approved by ana@x.example.", "Cancelled by bo@x.example."]),
        ("", "wrong file", ["Approved by ana@x.example.", "Cancelled by bo@x.example: wrong file"]),
        # There is room for one reason, that of the last decision.
        ("looks good", "", ["Approved by ana@x.example.", "Cancelled by bo@x.example."]),
    ],
)
def test_the_notice_names_who_decided_and_the_reason_of_the_last_decision(
    approve_reason: str, cancel_reason: str, lines: list[str]
) -> None:
    decided = replace(
        DONE,
        state=State.CANCELLED,
        approved_by="ana@x.example",
        approve_reason=approve_reason,
        cancelled_by="bo@x.example",
        cancel_reason=cancel_reason,
    )

    found = notice(decided).text.splitlines()

    assert [line for line in found if " by " in line and "x.example" in line] == lines
