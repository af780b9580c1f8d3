"""Uploads: events of S3 are read exactly, and no sender is mistaken for another."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus

import pytest
from handover.aws.objects import Upload
from handover.jobs.upload import is_uploaded
from handover.model import Mode
from handover.pipeline.uploads import (
    Arrival,
    Sender,
    arrival_message,
    arrivals,
    arrivals_of,
    check_ticket,
    is_no_upload,
    is_principal,
    sender_of,
)
from handover.profiles.on_error import on_error_from
from handover.runtime import rfc3339
from handover.store.tickets import TicketItem
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.kit.payloads import message_of
from tests.kit.pipeline import ADMIN, PRINCIPAL, TENANT, Pipeline, import_id


def notification(**changes: Any) -> dict[str, Any]:
    """The captured notification with changed values of its object or record."""
    message = message_of("validate-drop")
    record = message["Records"][0]
    for name, value in changes.items():
        place = record if name in ("eventName", "eventTime", "userIdentity") else record["s3"]
        if place is not record:
            place = place["object"]
        if value is None:
            place.pop(name, None)
        else:
            place[name] = value
    return message


def arrival(**changes: Any) -> Arrival:
    (found,) = arrivals(notification(**changes))
    return found


def at(seconds: float, sequencer: str = "", key: str = "k") -> Arrival:
    return Arrival(Upload("b", key, "v"), seconds, sequencer, "")


# Events of S3


def test_the_captured_notification_of_a_drop_is_read_exactly() -> None:
    found = arrival()

    assert found.upload == Upload(
        "handover-uploadsbucket-example",
        "drop/lumina/erp/Kunden Müller & Co+2 100%.csv",
        "00000004-0000-4000-8000-000000000004",
    )
    assert rfc3339(found.at) == "2026-11-22T13:08:15.947Z"
    assert (found.sequencer, found.principal) == ("00000660DD2AEE8BCC", "EXAMPLE")


@pytest.mark.parametrize(
    "key",
    [
        "drop/t/s/red flower.jpg",
        "drop/t/s/a+b.csv",
        "drop/t/s/100%.csv",
        "drop/t/s/100%25.csv",
        "drop/t/s/Kundé nr. 1.csv",
        "drop/t/s/日本 語+%.csv",
        "drop/t/s/../../in/other/x.csv",
        "drop/t/s/a=b&c;d.csv",
    ],
)
def test_a_key_is_decoded_exactly_once(key: str) -> None:
    assert arrival(key=quote_plus(key, safe="/")).upload.key == key


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_any_key_that_s3_accepts_is_read_back(name: str) -> None:
    key = f"drop/t/s/{name}"

    (found,) = arrivals(notification(key=quote_plus(key, safe="/")))

    assert found.upload.key == key


def test_a_key_that_is_not_utf_8_has_an_identity_too() -> None:
    found, other = arrival(key="drop/t/s/%FF.csv"), arrival(key="drop/t/s/%FE.csv")

    assert found.import_id != other.import_id


def test_the_test_message_of_s3_is_no_arrival() -> None:
    assert list(arrivals(message_of("validate-test-event"))) == []


@pytest.mark.parametrize(
    "name", ["ObjectRemoved:Delete", "ObjectRestore:Post", "ReducedRedundancy"]
)
def test_only_new_objects_are_arrivals(name: str) -> None:
    assert list(arrivals(notification(eventName=name))) == []


@pytest.mark.parametrize("name", ["Put", "Post", "Copy", "CompleteMultipartUpload"])
def test_a_new_object_is_an_arrival_however_it_was_made(name: str) -> None:
    assert arrival(eventName=f"ObjectCreated:{name}").upload.bucket


def test_several_records_of_a_message_are_several_arrivals() -> None:
    message = notification()
    message["Records"] += notification(key="drop/lumina/erp/2.csv")["Records"]

    assert len({found.import_id for found in arrivals(message)}) == 2


def test_an_object_is_an_arrival_behind_the_record_of_a_removed_one() -> None:
    message = notification(eventName="ObjectRemoved:Delete")
    message["Records"] += notification()["Records"]

    assert list(arrivals(message)) == [arrival()]


def test_a_field_that_s3_leaves_out_is_empty() -> None:
    found = arrival(versionId=None, sequencer=None, userIdentity={})

    assert (found.upload.version_id, found.sequencer, found.principal) == ("", "", "")


@given(
    st.builds(
        Arrival,
        st.builds(Upload, st.text("ab", min_size=1), st.text(), st.text("v1")),
        st.floats(1e9, 2e9),
        st.text("0123456789ABCDEF"),
        st.none() | st.text(max_size=5),
        st.none() | st.integers(0, 2**31),
    )
)
def test_an_arrival_survives_a_message_of_our_own_unchanged(one: Arrival) -> None:
    message = json.loads(json.dumps(arrival_message(one)))

    assert list(arrivals_of(message)) == [one]


# Identity and order


def test_the_identity_is_the_version_and_nothing_else() -> None:
    one = Arrival(Upload("b", "k", "v"), 1.0, "1", "p")

    assert one.import_id == Arrival(Upload("b", "k", "v"), 2.0, "2", None).import_id
    assert len({one.import_id, at(1, key="other").import_id, found_elsewhere().import_id}) == 3
    assert len(one.import_id) == 32


def found_elsewhere() -> Arrival:
    return Arrival(Upload("b", "k", "w"), 1.0, "1", "p")


def test_moving_characters_between_the_parts_of_an_identity_changes_it() -> None:
    assert (
        Arrival(Upload("b", "kv", ""), 0, "", "").import_id
        != Arrival(Upload("b", "k", "v"), 0, "", "").import_id
        != Arrival(Upload("bk", "", "v"), 0, "", "").import_id
    )


def test_time_comes_before_the_sequencer() -> None:
    assert at(100.001, "FF").precedence < at(100.002, "00").precedence


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("0055AED6DCD90281E5", "0055AED6DCD90281E6"),
        ("0055AED6DCD90281", "0055AED6DCD90281E5"),
        ("0055aed6dcd90281e5", "0055AED6DCD90281E6"),
        ("", "01"),
        ("1", "11"),
        ("10", "2"),
    ],
)
def test_sequencers_of_different_length_are_padded_on_the_right(earlier: str, later: str) -> None:
    assert at(100, earlier).precedence < at(100, later).precedence


def test_two_uploads_of_one_instant_have_a_fixed_order() -> None:
    precedences = {at(100, "A", key).precedence for key in ("one", "two", "three")}

    assert len(precedences) == 3


@given(st.integers(0, 4 * 10**12), st.integers(0, 4 * 10**12))
def test_orders_sort_as_the_times_do(one: int, other: int) -> None:
    first, second = at(one / 1000), at(other / 1000)

    assert (rfc3339(first.at) < rfc3339(second.at)) is (one < other)


# Objects that are no uploads


@pytest.mark.parametrize(
    ("key", "size_bytes", "expected"),
    [
        ("drop/lumina/erp/", 0, True),
        ("drop/lumina/erp/", 1, False),
        ("drop/lumina/erp/", None, False),
        ("drop/lumina/erp", 0, False),
        ("drop/lumina/erp/archive/a.csv", 1, True),
        ("drop/lumina/erp/archive/2026/a.csv", None, True),
        ("directory/lumina/erp/archive/a.csv", 1, True),
        ("in/lumina/erp/archive/a.csv", 1, False),
        ("drop/Lumina!/erp/archive/a.csv", 1, False),
        ("drop/lumina//archive/a.csv", 1, False),
        ("drop/lumina/erp/archive", 1, False),
        ("drop/lumina/archive/a.csv", 1, False),
        ("drop/lumina/erp/2026/archive/a.csv", 1, False),
        ("archive", 1, False),
    ],
)
def test_empty_markers_and_the_archives_of_sources_are_no_uploads(
    key: str, size_bytes: int | None, *, expected: bool
) -> None:
    assert is_no_upload(key, size_bytes) is expected


# Principals


@pytest.mark.parametrize(
    ("found", "registered", "same"),
    [
        ("AIDAEXAMPLE", "AIDAEXAMPLE", True),
        ("AWS:AIDAEXAMPLE", "AIDAEXAMPLE", True),
        ("AWS:AROAEXAMPLE:session-1", "AROAEXAMPLE", True),
        ("AROAEXAMPLE:session-1", "AROAEXAMPLE", True),
        ("AWS:AROAEXAMPLE:job", "AWS:AROAEXAMPLE:job", True),
        ("AWS:AROAEXAMPLE2:s", "AROAEXAMPLE", False),
        ("AWS:AROAEXAMPL:s", "AROAEXAMPLE", False),
        ("AWS:OTHER:AROAEXAMPLE", "AROAEXAMPLE", False),
        ("AWS:aroaexample", "AROAEXAMPLE", False),
        ("", "AROAEXAMPLE", False),
        ("", "", False),
        ("AWS:", "", False),
        ("AWS::x", "AWS:", False),
        ("AWS:ANYBODY", "AWS", False),
    ],
)
def test_a_principal_is_the_registered_one_in_any_session(
    found: str, registered: str, same: bool
) -> None:
    assert is_principal(found, registered) is same


# Senders

PRINCIPALS = {"right": f"AWS:{PRINCIPAL}:job", "wrong": "AWS:OTHER", "none": None}
SYSTEM = Sender(
    TENANT,
    "erp",
    "",
    "a.csv",
    "single-strict",
    Mode.RUN,
    {"Kunde": "account ID"},
    on_error=on_error_from("all_or_nothing"),
    is_system=True,
    writes_directory=True,
    principal=PRINCIPAL,
)
UNKNOWN = Sender(TENANT, "erp2", "", "a.csv", "", Mode.RUN, {}, is_system=True)
OF_NOBODY = Sender("-", "", "", "", "", Mode.RUN, {})
WITHOUT_TICKET = Sender(TENANT, "user", "", "", "", Mode.RUN, {})
OF_USERS = replace(SYSTEM, filename="users.csv", profile="directory-users", mapping={})
SENDERS: dict[str, tuple[str, str, str, Sender]] = {
    "a drop": ("drop/lumina/erp/a.csv", "right", "", SYSTEM),
    "a drop in a folder": (
        "drop/lumina/erp/2026/a.csv",
        "right",
        "",
        replace(SYSTEM, filename="2026/a.csv"),
    ),
    "a drop by somebody else": (
        "drop/lumina/erp/a.csv",
        "wrong",
        "WRONG_PRINCIPAL",
        replace(SYSTEM, principal=""),
    ),
    "a drop that S3 has not reported": (
        "drop/lumina/erp/a.csv",
        "none",
        "WRONG_PRINCIPAL",
        replace(SYSTEM, principal=""),
    ),
    "an unknown source": ("drop/lumina/erp2/a.csv", "right", "UNKNOWN_SOURCE", UNKNOWN),
    "no source": (
        "drop/lumina/a.csv",
        "right",
        "UNKNOWN_SOURCE",
        replace(UNKNOWN, source="a.csv", filename="drop/lumina/a.csv"),
    ),
    "no name": (
        "drop/lumina/erp",
        "right",
        "UNKNOWN_SOURCE",
        replace(UNKNOWN, source="erp", filename="drop/lumina/erp"),
    ),
    "an empty source": (
        "drop/lumina//a.csv",
        "right",
        "UNKNOWN_SOURCE",
        replace(UNKNOWN, source=""),
    ),
    "users of the directory": (
        "directory/lumina/erp/users.csv",
        "right",
        "",
        replace(OF_USERS, is_directory=True),
    ),
    "accounts of the directory": (
        "directory/lumina/erp/of/Accounts 1.csv",
        "right",
        "",
        replace(
            OF_USERS,
            filename="of/Accounts 1.csv",
            profile="directory-accounts",
            is_directory=True,
        ),
    ),
    "something of the directory": (
        "directory/lumina/erp/assignments.csv",
        "right",
        "UNKNOWN_PROFILE",
        replace(SYSTEM, filename="assignments.csv", profile=""),
    ),
    "the directory by somebody else": (
        "directory/lumina/erp/users.csv",
        "wrong",
        "WRONG_PRINCIPAL",
        replace(SYSTEM, filename="users.csv", principal=""),
    ),
    "another folder": ("else/lumina/erp/a.csv", "right", "UNKNOWN_SOURCE", OF_NOBODY),
    "an impossible tenant": ("drop/Lumina!/erp/a.csv", "right", "UNKNOWN_SOURCE", OF_NOBODY),
    "no tenant": ("a.csv", "right", "UNKNOWN_SOURCE", OF_NOBODY),
    "no ticket": ("in/lumina/T.csv", "right", "TICKET_UNKNOWN", WITHOUT_TICKET),
    "a ticket of another tenant": ("in/umbra/1.csv", "right", "TICKET_UNKNOWN", WITHOUT_TICKET),
}


@pytest.mark.parametrize("name", SENDERS)
def test_the_sender_follows_from_the_key_and_the_principal_alone(
    name: str, pipeline: Pipeline
) -> None:
    key, principal, code, expected = SENDERS[name]
    pipeline.source(
        mapping={"Kunde": "account ID"}, writes_directory=True, on_error="all_or_nothing"
    )
    pipeline.resources.tables.tickets.issue("1", ticket())
    if not expected.is_system:
        tenant = key.split("/")[1] if expected is WITHOUT_TICKET else "-"
        expected = replace(expected, tenant=tenant, filename=key)

    upload = Upload("UploadsBucket", key, "v")
    found = sender_of(pipeline.resources, Arrival(upload, 1.0, "1", PRINCIPALS[principal]))

    assert (found.refusal.code if found.refusal else "") == code
    assert replace(found, refusal=None) == expected


def ticket(**changes: Any) -> TicketItem:
    """A ticket of a person with these changes."""
    fields: dict[str, Any] = {
        "tenant": TENANT,
        "uploader": ADMIN,
        "profile": "single-strict",
        "filename": "customers.csv",
        "mode": "dry_run",
        "issued_at": "2026-11-22T10:00:00.000Z",
        "expires_at": "2026-11-22T10:05:00.000Z",
        "expires": 1,
    }
    return TicketItem(**fields | changes)


OF_TICKET = Sender(
    TENANT, "user", ADMIN, "customers.csv", "single-strict", Mode.DRY_RUN, {}, ticket="1"
)
NAMES = ("source", "job", "undo_of", "profile_body", "follows", "object_of", "preview_of")
OF_A_TICKET: dict[str, tuple[dict[str, Any], Sender]] = {
    "a person's": ({}, OF_TICKET),
    "with a mapping": ({"mapping": '{"a": "b"}'}, replace(OF_TICKET, mapping={"a": "b"})),
    "with a rule for errors": (
        {"on_error": "all_or_nothing"},
        replace(OF_TICKET, on_error=on_error_from("all_or_nothing")),
    ),
    **{name: ({name: "x"}, replace(OF_TICKET, **{name: "x"})) for name in NAMES},
}


@pytest.mark.parametrize("name", OF_A_TICKET)
def test_the_ticket_says_what_its_file_is_for(name: str, pipeline: Pipeline) -> None:
    changes, expected = OF_A_TICKET[name]
    pipeline.resources.tables.tickets.issue("1", ticket(**changes))

    upload = Upload("UploadsBucket", f"in/{TENANT}/1.csv", "v")

    assert sender_of(pipeline.resources, Arrival(upload, 1.0, "1", "AWS:ANYBODY")) == expected


@pytest.mark.parametrize("other", ["1.csv.bak", "1.csv/1.csv"])
def test_an_object_whose_key_only_begins_like_that_of_a_ticket_is_another_file(
    other: str, pipeline: Pipeline
) -> None:
    tables = pipeline.resources.tables
    tables.tickets.issue("1", ticket())
    pipeline.put(f"in/{TENANT}/{other}", b"")
    stored = tables.tickets.find("1")
    assert stored is not None
    assert not is_uploaded(pipeline.resources, "1", stored)

    created = pipeline.put(f"in/{TENANT}/1.csv", b"")
    pipeline.clock.now += 1
    pipeline.put(f"in/{TENANT}/{other}", b"")
    assert is_uploaded(pipeline.resources, "1", stored)
    upload = Upload(created.bucket, created.version.key, created.version.version_id)
    check_ticket(pipeline.resources, Arrival(upload, created.version.modified, "", ""), "1")

    used = tables.tickets.find("1")
    assert used is not None
    assert used.import_id == import_id(created)
    gone = pipeline.memory.s3.buckets[created.bucket].objects
    gone.clear()
    assert is_uploaded(pipeline.resources, "1", used), "it existed"
