"""Reading imports: the list, one import, and its files."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from handover.http.bodies import imports
from handover.http.formats import IsoDay
from handover.model import State
from handover.store.import_items import ImportItem
from handover.use_cases.paging import cursor_at
from pydantic import TypeAdapter, ValidationError

from tests.kit.caller import ADMIN, OFFICE, SALES, Answer, Api

EXPECTED = {"profile": "single-strict", "filename": "managers.csv"}


def an_import(api: Api, number: int = 1, **fields: Any) -> ImportItem:
    """An import of the tenant as it is stored."""
    import_id = sha256(f"{api.tenant}/{number}".encode()).hexdigest()[:32]
    received_at = f"2026-07-06T12:00:{number:02d}.000Z"
    defaults: dict[str, Any] = {
        "tenant": api.tenant,
        "profile": "single-strict",
        "source": "user",
        "uploader": OFFICE,
        "filename": "managers.csv",
        "received_at": received_at,
        "bucket": "uploads",
        "key": f"in/{api.tenant}/x.csv",
        "version_id": "1",
        "precedence": received_at,
        "listed_at": f"{received_at}#{import_id}",
    }
    item = ImportItem(import_id, **(defaults | fields))
    item.save()
    return item


def ended(api: Api, **fields: Any) -> ImportItem:
    """An import with two good lines and, unless given otherwise, one rejected."""
    counts: dict[str, Any] = {"lines": 3, "updated": 2, "rejected": 1, "state": "error"}
    return an_import(api, **(counts | {"finished_at": "2026-07-06T12:01:00.000Z"} | fields))


def assert_problem(answer: Answer, status: int) -> None:
    assert answer.status == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body["status"] == status
    assert {"type", "title", "detail", "instance"} <= answer.body.keys()


def test_a_ticket_without_an_upload_is_shown_as_awaiting_it(api: Api) -> None:
    issued = api.post("/imports", EXPECTED).body
    ticket = issued["import_ticket"]

    answer = api.by(SALES).get(f"/imports/{ticket}")

    assert answer.status == 200
    imports.Import.model_validate(answer.body)
    assert answer.body["expires_at"] == issued["expires_at"]
    assert answer.body["state"] == "awaiting_upload"
    assert answer.body["import_id"] == answer.body["import_ticket"] == ticket
    assert answer.body["uploader"] == ADMIN


def test_a_ticket_with_an_upload_shows_its_import(api: Api) -> None:
    ticket = api.post("/imports", EXPECTED).body["import_ticket"]
    item = an_import(api, ticket=ticket)
    api.stack.tables.tickets.use(ticket, item.pk)

    by_ticket, by_id = api.get(f"/imports/{ticket}"), api.get(f"/imports/{item.pk}")

    assert by_ticket.body == by_id.body
    assert by_ticket.body["import_id"] == item.pk
    assert by_ticket.body["import_ticket"] == ticket


def test_an_import_is_shown_in_the_published_form(api: Api) -> None:
    item = ended(api, approved_by=ADMIN)

    answer = api.get(f"/imports/{item.pk}")

    assert answer.status == 200
    imports.Import.model_validate(answer.body)
    assert answer.body["counts"]["rejected"] == 1
    assert answer.body["accounts_updated"] == 2
    assert answer.body["report"] == {
        "bucket": "reports",
        "key": f"{api.tenant}/{item.pk}/errors.csv",
    }
    assert answer.body["approved_by"] == ADMIN


def test_an_import_that_waits_for_approval_says_why(api: Api) -> None:
    why = {"reason": "would clear too many", "would_clear": 12, "lines": 40}
    item = an_import(api, state="awaiting_approval", lines=40, approval=why)

    assert api.get(f"/imports/{item.pk}").body["approval"] == why | {"would_change": 0}


@pytest.mark.parametrize("path", ["", "/report", "/results"])
@pytest.mark.parametrize("of_ticket", [False, True])
def test_the_imports_of_another_tenant_are_not_found(
    api: Api, stranger: Api, path: str, of_ticket: bool
) -> None:
    ticket = api.post("/imports", EXPECTED).body["import_ticket"]
    name = ticket if of_ticket else ended(api).pk

    there, nowhere = stranger.get(f"/imports/{name}{path}"), stranger.get(f"/imports/{'0' * 32}")

    assert_problem(there, 404)
    assert there.body["detail"] == nowhere.body["detail"]


@pytest.mark.parametrize(
    "name", ["0" * 32, "20260706T120000000Z-00", "x", "%2e%2e", "a b", "é" * 9]
)
def test_an_unknown_import_is_not_found(api: Api, name: str) -> None:
    assert_problem(api.get(f"/imports/{name}"), 404)


def test_r76_the_list_has_the_tenants_imports_newest_first(api: Api, stranger: Api) -> None:
    an_import(stranger, 9)
    older, newer = an_import(api, 1), an_import(api, 2)

    answer = api.get("/imports")

    assert answer.status == 200
    imports.Imports.model_validate(answer.body)
    assert [listed["import_id"] for listed in answer.body["imports"]] == [newer.pk, older.pk]
    assert answer.body["cursor"] is None


def test_the_pages_of_a_list_hold_every_import_once(api: Api) -> None:
    items = [an_import(api, number) for number in range(5)]
    seen: list[str] = []
    cursor: str | None = ""

    while cursor is not None:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = api.get("/imports", **query).body
        assert len(page["imports"]) <= 2
        seen += [listed["import_id"] for listed in page["imports"]]
        cursor = page["cursor"]

    assert seen == [item.pk for item in reversed(items)]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "many", "1,2", ""])
def test_a_page_has_one_to_a_hundred_rows(api: Api, limit: str) -> None:
    answer = api.get("/imports", limit=limit)

    assert_problem(answer, 400)
    assert answer.body["field"] == "limit"


@pytest.mark.parametrize(
    ("cursor", "status"),
    [
        ("", 400),
        ("!", 400),
        ("é", 400),
        ("MTIz=", 400),
        ("x" * 4001, 400),
        ("x" * 2001, 404),
        (cursor_at("x"), 404),
        (cursor_at("z" * 1100), 404),
    ],
)
def test_an_invalid_cursor_is_refused(api: Api, cursor: str, status: int) -> None:
    answer = api.get("/imports", cursor=cursor)

    assert_problem(answer, status)
    assert answer.body["field"] == "cursor"


@pytest.mark.parametrize(("path", "kind"), [("report", "errors"), ("results", "results")])
def test_r78_a_download_is_a_short_lived_link_that_names_the_file_after_the_upload(
    api: Api, path: str, kind: str
) -> None:
    item = ended(api, filename='Été "Q3";\n.CSV')

    answer = api.by(OFFICE).get(f"/imports/{item.pk}/{path}")

    assert answer.status == 302
    assert answer.text == ""
    link = urlsplit(answer.headers["location"])
    query = parse_qs(link.query)
    assert link.path == f"/reports/{api.tenant}/{item.pk}/{kind}.csv"
    assert int(query["X-Amz-Expires"][0]) <= 300
    disposition = f'attachment; filename="Ete_Q3-{kind}.csv"'
    assert query["response-content-disposition"] == [disposition]


def test_the_report_is_available_as_a_workbook_too(api: Api) -> None:
    item = ended(api, filename="Q3.xlsx", has_workbook=True)

    answer = api.by(OFFICE).get(f"/imports/{item.pk}/report", format="xlsx")

    assert answer.status == 302
    link = urlsplit(answer.headers["location"])
    query = parse_qs(link.query)
    assert link.path == f"/reports/{api.tenant}/{item.pk}/report.xlsx"
    assert query["response-content-disposition"] == ['attachment; filename="Q3-errors.xlsx"']
    (kind,) = query["response-content-type"]
    assert kind.endswith("spreadsheetml.sheet")


def test_an_import_of_very_many_errors_has_no_workbook(api: Api) -> None:
    item = ended(api)

    answer = api.by(OFFICE).get(f"/imports/{item.pk}/report", format="xlsx")

    assert_problem(answer, 404)
    assert "exists only as CSV" in answer.body["detail"]
    assert_problem(api.by(SALES).get(f"/imports/{item.pk}/report", format="xlsx"), 403)
    assert_problem(api.get(f"/imports/{item.pk}/report", format="ods"), 400)


def test_an_import_without_error_lines_has_results_but_no_report(api: Api) -> None:
    item = ended(api, lines=2, rejected=0, state="done")

    for kind in ("csv", "xlsx"):
        answer = api.get(f"/imports/{item.pk}/report", format=kind)
        assert_problem(answer, 404)
        assert answer.body["detail"] == "no line of this import has an error"
    assert api.get(f"/imports/{item.pk}/results").status == 302


def test_a_refused_file_has_neither_report_nor_results(api: Api) -> None:
    refusal = {"code": "NOT_CSV", "message": "this is a picture"}
    item = an_import(api, state="refused", refusal=refusal)

    for path in ("report", "results"):
        answer = api.get(f"/imports/{item.pk}/{path}")
        assert_problem(answer, 404)
        assert answer.body["detail"] == "the whole file was refused, so there are no results"


@pytest.mark.parametrize("state", [state for state in State if not state.is_final])
@pytest.mark.parametrize("path", ["report", "results"])
def test_an_open_import_has_no_files(api: Api, state: State, path: str) -> None:
    name = (
        api.post("/imports", EXPECTED).body["import_ticket"]
        if state is State.AWAITING_UPLOAD
        else ended(api, state=state.value).pk
    )

    assert_problem(api.get(f"/imports/{name}/{path}"), 409)


def test_only_users_who_may_upload_such_files_download_them(api: Api) -> None:
    item = ended(api)

    assert_problem(api.by(SALES).get(f"/imports/{item.pk}/report"), 403)
    assert api.by(ADMIN).get(f"/imports/{item.pk}/report").status == 302


def test_uploaders_can_still_read_their_report_after_they_lose_the_role(api: Api) -> None:
    item = ended(api, uploader=SALES, profile="gone")

    assert api.by(SALES).get(f"/imports/{item.pk}/report").status == 302


def test_the_progress_of_an_import_follows_its_chunks(api: Api) -> None:
    begun_at = "2026-07-06T12:00:09.000Z"
    item = an_import(api, state="processing", lines=40, chunks=2, working_at=begun_at)

    progress = api.get(f"/imports/{item.pk}").body["progress"]

    assert progress == {
        "stage": "working",
        "lines_settled": 0,
        "lines_total": 40,
        "lines_a_second": None,
        "seconds_left": None,
    }


def test_an_ended_import_shows_its_speed(api: Api) -> None:
    item = ended(api, chunks=1, working_at="2026-07-06T12:00:54.000Z")

    progress = api.get(f"/imports/{item.pk}").body["progress"]

    assert progress == {
        "stage": "done",
        "lines_settled": 3,
        "lines_total": 3,
        "lines_a_second": 0.5,
        "seconds_left": 0,
    }


def test_the_list_is_filtered_by_state_person_and_day(api: Api) -> None:
    items = [an_import(api, number) for number in range(7)]
    an_import(api, 8, state="error")

    def found(**query: str) -> list[str]:
        answer = api.get("/imports", limit="3", **query)
        assert answer.status == 200, answer.text
        rows = [row["import_id"] for row in answer.body["imports"]]
        if answer.body["cursor"] is None:
            return rows
        return rows + found(**query | {"cursor": answer.body["cursor"]})

    day = items[0].received_at[:10]
    listed = [item.pk for item in reversed(items)]
    everything = found()
    assert found(state=str(items[0].state)) == [one for one in everything if one in listed]
    assert found(since=day, until=day) == everything
    assert found(until="2020-01-01") == found(since="2030-01-01") == []
    assert found(since="2030-01-01", until="2020-01-01") == []
    assert found(uploader="nobody-at-all") == []
    assert found(uploader=(items[0].uploader or "")[:3].upper()) != []
    assert_problem(api.get("/imports", since="yesterday"), 400)


def test_a_day_is_a_date_and_never_a_number_of_seconds() -> None:
    days = TypeAdapter(IsoDay)

    for named in ("2026-11-30", date(2026, 11, 30)):
        assert days.validate_python(named) == date(2026, 11, 30)
    for other in ("1796000400", "20261130", None):
        with pytest.raises(ValidationError):
            days.validate_python(other)


def test_imports_are_counted_by_day(api: Api, stranger: Api) -> None:
    yesterday = str(datetime.now(UTC).date() - timedelta(days=1))
    for caller, numbers in ((api, range(3)), (stranger, [9])):
        for number in numbers:
            at = f"{yesterday}T12:00:00.{number:03d}Z"
            an_import(caller, number, received_at=at, listed_at=f"{at}#{number}")

    answer = api.get("/imports/days", days="31")

    assert answer.status == 200, answer.text
    imports.Days.model_validate(answer.body)
    counted = {one["day"]: one["imports"] for one in answer.body["days"]}
    assert len(counted) == 31
    assert list(counted) == sorted(counted)
    assert {day: count for day, count in counted.items() if count} == {yesterday: 3}
