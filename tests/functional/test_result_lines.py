"""The lines of an import as the API lists them, from results.csv and the index beside it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from handover.model import User
from handover.pipeline import result_files
from handover.profiles.profile import Role
from handover.reports.line_index import Block, index_from
from handover.reports.line_parts import lines_part_from
from handover.use_cases import paging, result_lines
from handover.use_cases.paging import cursor_at, sent_bytes

from tests.kit.caller import Answer, Api
from tests.kit.memory_aws import ObjectCreated
from tests.kit.pipeline import (
    ADMIN,
    AMINA,
    BARAKA,
    DAY,
    ROLE,
    SALES,
    TENANT,
    Pipeline,
    file_of,
    import_id,
)

MIXED = file_of(
    [
        ("K000", AMINA),  # line 2: updated
        ("K001", "None"),  # 3: cleared
        ("k002", "amina.otienno@lumina.example"),  # 4: rejected twice over, the account first
        ("K002", "amina.otienno@lumina.example"),  # 5: rejected, a typo
        ("K003", BARAKA),  # 6: unchanged
        ("K0xx", AMINA),  # 7: rejected, no such account
    ]
)


def worked(pipeline: Pipeline, body: bytes = MIXED) -> ObjectCreated:
    """An import that has ended, on accounts that Baraka holds."""
    pipeline.kenyan(5, held_by=BARAKA)
    created = pipeline.upload(body)
    pipeline.run(created)
    return created


def ask(pipeline: Pipeline, created: ObjectCreated, **query: str) -> Answer:
    api = Api(TENANT, pipeline.resources, ADMIN)
    return api.get(f"/imports/{import_id(created)}/lines", **query)


def listed(pipeline: Pipeline, created: ObjectCreated, **query: str) -> list[dict[str, Any]]:
    """The lines of all pages of a listing."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        answer = ask(pipeline, created, **query, **({"cursor": cursor} if cursor else {}))
        assert answer.status == 200, answer.text
        found += answer.body["lines"]
        cursor = answer.body["cursor"]
        if cursor is None:
            return found


def numbers(lines: list[dict[str, Any]]) -> list[int]:
    return [line["line"] for line in lines]


def holder(user: str, name: str) -> dict[str, object]:
    return {"user": user, "name": name, "is_pending": False}


def test_a_changed_line_says_who_held_the_account_before_and_after(pipeline: Pipeline) -> None:
    created = worked(pipeline)

    changed, cleared = listed(pipeline, created)[:2]

    baraka, amina = holder(BARAKA, "Baraka Mwangi"), holder(AMINA, "Amina Otieno")
    assert changed == {
        "line": 2,
        "outcome": "updated",
        "fields": {"account ID": "K000", "account Manager": AMINA},
        "account": "K000",
        "roles": {ROLE: {"before": [baraka], "after": [amina]}},
        "code": "",
        "message": "",
        "hint": "",
        "column": "",
        "suggestion": "",
        "is_cut": False,
    }
    assert cleared["roles"] == {ROLE: {"before": [baraka], "after": []}}


def test_a_rejected_line_names_the_wrong_cell_and_a_correction(
    pipeline: Pipeline,
) -> None:
    created = worked(pipeline)

    account, typo, unknown = listed(pipeline, created, outcome="rejected")

    assert (account["code"], account["column"]) == ("ACCOUNT_NOT_FOUND", "account ID")
    assert account["suggestion"] == "K002"
    assert (typo["code"], typo["column"]) == ("USER_NOT_FOUND", "account Manager")
    assert (typo["message"], typo["suggestion"]) == ("User not found, check the email", AMINA)
    assert f"did you mean {AMINA}?" in typo["hint"]
    assert unknown["suggestion"] == ""
    assert unknown["hint"] == "Check and update your customer external ID in your file."


@pytest.mark.parametrize(
    ("query", "found", "matching"),
    [
        ({}, [2, 3, 4, 5, 6, 7], 6),
        ({"outcome": "rejected"}, [4, 5, 7], 3),
        ({"outcome": "unchanged"}, [6], 1),
        ({"outcome": "pending"}, [], 0),
        ({"code": "ACCOUNT_NOT_FOUND"}, [4, 7], 2),
        ({"code": "NO_SUCH_CODE"}, [], 0),
        ({"outcome": "updated", "code": "USER_NOT_FOUND"}, [], 0),
        ({"q": "6"}, [6], None),
        ({"q": "K00"}, [2, 3, 4, 5, 6], None),
        ({"q": "k002"}, [4, 5], None),
        ({"q": "002"}, [], None),
        ({"q": "K00", "outcome": "rejected"}, [4, 5], None),
        ({"q": "nowhere"}, [], None),
        ({"manager": BARAKA}, [2, 3, 5, 6], None),
        ({"manager": "baraka mwangi"}, [2, 3, 5, 6], None),
        ({"manager": AMINA}, [2], None),
        ({"manager": "nobody called so"}, [], None),
        ({"manager": BARAKA, "outcome": "unchanged"}, [6], None),
        ({"manager": BARAKA, "q": "k002"}, [5], None),
        ({"opco": "kenya"}, [2, 3, 5, 6], None),
        ({"opco": "Ken"}, [], None),
        ({"opco": "Kenya", "manager": AMINA, "q": "2"}, [2], None),
    ],
)
@pytest.mark.parametrize("limit", ["1", "2", "100"])
def test_lines_are_found_by_each_filter(
    pipeline: Pipeline, query: dict[str, str], found: list[int], matching: int | None, limit: str
) -> None:
    created = worked(pipeline)

    assert numbers(listed(pipeline, created, **query, limit=limit)) == found
    assert ask(pipeline, created, **query).body["matching"] == matching


def many(pipeline: Pipeline) -> ObjectCreated:
    """An import of several chunks, of which all lines but the first are rejected."""
    lines = [("K000", AMINA)] + [(f"X{number}", AMINA) for number in range(1_200)]
    pipeline.kenyan(1)
    created = pipeline.upload(file_of(lines))
    pipeline.run(created)
    assert int(pipeline.item(created).chunks or 0) >= 5
    return created


def test_pages_and_searches_continue_over_the_chunks_of_a_file(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handover.pipeline.validate.MIN_CHUNK_BYTES", 6_000)
    created = many(pipeline)

    assert numbers(listed(pipeline, created, limit="1000")) == list(range(2, 1_203))
    assert numbers(listed(pipeline, created, q="x119", limit="3")) == [
        122,
        *range(1_193, 1_203),
    ]

    # A search that takes long ends its page.
    monkeypatch.setattr(result_lines, "MAX_INDEX_READ_BYTES", 1)
    monkeypatch.setattr(result_lines, "WINDOW_BYTES", 1)

    first = ask(pipeline, created, q="x1199").body

    assert (first["lines"], first["cursor"] is None) == ([], False)
    assert numbers(listed(pipeline, created, q="x1199")) == [1_202]
    assert numbers(listed(pipeline, created, limit="1000")) == list(range(2, 1_203))


class Reads:
    """A hook that notes which part of which object is read."""

    def __init__(self) -> None:
        self.made: list[tuple[str, int, int]] = []

    def before(self, _: int, __: str, operation: str, params: dict[str, Any], /) -> None:
        if operation == "GetObject" and "Range" in params:
            first, last = params["Range"].removeprefix("bytes=").split("-")
            self.made.append((params["Key"].rpartition("/")[2], int(first), int(last) + 1))

    def after(self, *_: Any) -> None:
        """Nothing is noted of answers."""


def reading(
    pipeline: Pipeline, created: ObjectCreated, name: str, **query: str
) -> tuple[Answer, list[tuple[int, int]]]:
    """The answer, and which parts of the file of that name were read for it."""
    pipeline.memory.hook = reads = Reads()
    answer = ask(pipeline, created, **query)
    pipeline.memory.hook = None
    assert answer.status == 200, answer.text
    return answer, [(first, end) for read, first, end in reads.made if read == name]


def in_blocks(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> ObjectCreated:
    """An import with many blocks of lines in its index."""
    monkeypatch.setattr("handover.pipeline.validate.MIN_CHUNK_BYTES", 4_000)
    return many(pipeline)


def blocks_of(pipeline: Pipeline, created: ObjectCreated) -> tuple[Block, ...]:
    return index_from(pipeline.file(created, "lines.json") or b"").blocks


def lines_of(blocks: tuple[Block, ...]) -> int:
    return sum(kind.count for block in blocks for kind in block.kinds)


def span(*groups: tuple[Block, ...]) -> int:
    """The bytes of the largest of these groups of blocks in the index."""
    return max(group[-1].index_end - group[0].index_at for group in groups)


def test_a_search_reads_as_many_blocks_of_the_index_together_as_fit(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first block has the only line that is found."""
    created = in_blocks(pipeline, monkeypatch)
    blocks = blocks_of(pipeline, created)
    pairs = [blocks[at : at + 2] for at in range(0, len(blocks), 2)]
    monkeypatch.setattr(result_lines, "WINDOW_BYTES", span(*pairs))

    _, read = reading(pipeline, created, "lines.index", q="K000", limit="1")

    assert read == [(pair[0].index_at, pair[-1].index_end) for pair in pairs]


def test_a_page_reads_no_more_blocks_of_the_index_than_its_lines_need(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the first block the lines are not counted: the page may begin at its end."""
    created = in_blocks(pipeline, monkeypatch)
    blocks = blocks_of(pipeline, created)
    assert len(blocks) >= 6

    def read(limit: int) -> list[tuple[int, int]]:
        return reading(pipeline, created, "lines.index", limit=str(limit))[1]

    second, first_three = lines_of(blocks[1:2]), lines_of(blocks[:3])
    assert read(second - 1) == [(0, blocks[1].index_end)]
    assert read(second) == [(0, blocks[2].index_end)]
    monkeypatch.setattr(result_lines, "WINDOW_BYTES", span(blocks[:3], blocks[3:6]))
    assert read(first_three + lines_of(blocks[4:5]) - 1) == [
        (0, blocks[2].index_end),
        (blocks[3].index_at, blocks[4].index_end),
    ]


def test_a_search_continues_on_the_next_page_once_a_page_has_read_its_share_of_the_index(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = in_blocks(pipeline, monkeypatch)
    two = blocks_of(pipeline, created)[1].index_end
    monkeypatch.setattr(result_lines, "WINDOW_BYTES", 1)

    for share, place in ((two - 1, "2.0"), (two, "2.0"), (two + 1, "3.0")):
        monkeypatch.setattr(result_lines, "MAX_INDEX_READ_BYTES", share)
        page = ask(pipeline, created, q="K000").body

        assert (numbers(page["lines"]), page["cursor"]) == ([2], cursor_at(place))


# The rejected lines are 4, 5 and 7, so the row of line 6 is a gap. What is allowed, each beyond
# what is needed: the gap in a part, the parts of a page, the bytes after the first row; then the
# lines of the first page, and how many parts it reads.
SHARES: dict[str, tuple[int, int, int, list[int], int]] = {
    "one part": (0, 1, 0, [4, 5, 7], 1),
    "one part of fewer bytes": (0, 1, -1, [4, 5], 1),
    "two parts": (-1, 2, 0, [4, 5, 7], 2),
    "two parts of fewer bytes": (-1, 2, -1, [4, 5], 1),
    "two parts where one is allowed": (-1, 1, 0, [4, 5], 1),
}


@pytest.mark.parametrize("name", SHARES)
def test_a_page_reads_the_rows_of_its_lines_in_few_parts(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    gap, parts, more, found, read = SHARES[name]
    created = worked(pipeline)
    rows = (pipeline.file(created, "results.csv") or b"").splitlines(keepends=True)
    between = len(rows[5])
    needed = len(rows[4]) + len(rows[6]) + (between if gap == 0 else 0)
    monkeypatch.setattr(result_lines, "GAP_BYTES", between + gap)
    monkeypatch.setattr(result_lines, "MAX_RESULTS_READS", parts)
    monkeypatch.setattr(result_lines, "MAX_RESULTS_READ_BYTES", needed + more)

    page, parts_read = reading(pipeline, created, "results.csv", outcome="rejected")

    assert (numbers(page.body["lines"]), len(parts_read)) == (found, read)
    assert numbers(listed(pipeline, created, outcome="rejected")) == [4, 5, 7]


def test_a_page_ends_before_its_lines_are_too_long_for_one_answer(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = worked(pipeline)
    monkeypatch.setattr(paging, "MAX_PAGE_BYTES", 1)

    first = ask(pipeline, created).body

    assert (numbers(first["lines"]), first["cursor"] is None) == ([2], False)
    assert numbers(listed(pipeline, created)) == [2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("name", ["lines.json", "lines.index", "results.csv"])
def test_while_a_file_of_the_results_is_not_there_the_answer_says_to_ask_again(
    pipeline: Pipeline, name: str
) -> None:
    created = worked(pipeline)
    reports = pipeline.memory.s3.buckets[pipeline.resources.reports_bucket].objects
    key = f"{TENANT}/{import_id(created)}/{name}"
    lost = reports.pop(key)

    answer = ask(pipeline, created)

    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    reports[key] = lost
    assert ask(pipeline, created).status == 200


def test_a_line_is_shown_whole_up_to_the_limit(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = worked(pipeline)
    first = listed(pipeline, created)[0]

    for limit, is_cut in ((sent_bytes(first), False), (sent_bytes(first) - 1, True)):
        monkeypatch.setattr(result_lines, "MAX_LINE_BYTES", limit)
        assert listed(pipeline, created)[0]["is_cut"] is is_cut


def test_lines_with_too_few_or_too_many_cells_are_listed_with_the_columns_of_the_file(
    pipeline: Pipeline,
) -> None:
    body = f"account Manager,account ID\r\n{AMINA}\r\n{AMINA},K000,more\r\n".encode()
    created = worked(pipeline, body)

    few, more = listed(pipeline, created)

    assert few["fields"] == {"account Manager": AMINA, "account ID": ""}
    assert (few["account"], few["code"], few["column"]) == ("", "FIELD_COUNT", "")
    assert more["fields"] == {"account Manager": AMINA, "account ID": "K000,more"}
    assert (more["account"], more["code"], more["column"]) == ("K000,more", "FIELD_COUNT", "")


def test_a_line_that_is_too_long_for_an_answer_is_cut(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_lines, "MAX_LINE_BYTES", 2000)
    long = "x" * 5000
    body = f"account ID,account Manager,Note\r\nK000,{AMINA},{long}\r\nK001,{AMINA},y\r\n".encode()
    created = worked(pipeline, body)

    cut, whole = listed(pipeline, created)

    assert (cut["is_cut"], cut["fields"]["Note"]) == (True, long[:1000])
    assert (whole["is_cut"], whole["fields"]["Note"]) == (False, "y")


def test_columns_without_a_name_of_their_own_get_a_name(pipeline: Pipeline) -> None:
    body = f"account ID,account Manager,City,,City\r\nK000,{AMINA},a,b,c\r\n".encode()
    created = worked(pipeline, body)

    (line,) = listed(pipeline, created)

    assert line["fields"] == {
        "account ID": "K000",
        "account Manager": AMINA,
        "City": "a",
        "column 4": "b",
        "City (2)": "c",
    }


def test_cells_that_a_spreadsheet_would_run_are_listed_as_uploaded(pipeline: Pipeline) -> None:
    created = worked(pipeline, file_of([("=cmd()", AMINA), ("K000", '"a\nb"')]))

    lines = listed(pipeline, created)

    assert [line["account"] for line in lines] == ["=cmd()", "K000"]
    assert lines[1]["fields"]["account Manager"] == "a\nb"


def test_an_address_without_a_user_is_shown_as_pending(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    ticket = pipeline.ticket(profile="role-team")
    pipeline.resources.tables.setup.put_role(TENANT, Role("Owner", 1))
    created = pipeline.upload(b"account ID,Owner\r\nK000,new@lumina.example\r\n", ticket)
    pipeline.run(created)

    (line,) = listed(pipeline, created)

    assert line["outcome"] == "pending"
    assert line["roles"]["Owner"]["after"] == [
        {"user": "new@lumina.example", "name": "", "is_pending": True}
    ]


def test_the_lines_of_a_directory_file_show_the_text_of_each_field(pipeline: Pipeline) -> None:
    ticket = pipeline.ticket(profile="directory-users")
    body = f'email,name,phone\r\n{AMINA},"Otieno; Amina, Dr",+254 1\r\n'.encode()
    created = pipeline.upload(body, ticket)
    pipeline.run(created)

    (line,) = listed(pipeline, created)

    assert line["account"] == AMINA
    texts = {text["name"] for change in line["roles"].values() for text in change["after"]}
    assert any("Otieno; Amina, Dr" in text for text in texts)


def test_a_line_that_was_not_processed_says_what_to_do(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    created = pipeline.upload(file_of([("K000", AMINA)]))
    pipeline.validate(created)
    assert (
        Api(TENANT, pipeline.resources, ADMIN).post(f"/imports/{import_id(created)}/cancel").status
        == 202
    )
    pipeline.run()

    (line,) = listed(pipeline, created, outcome="not_processed")

    assert line["code"] == "NOT_PROCESSED"
    assert line["hint"]


def test_an_import_whose_chunks_were_settled_by_older_code_ends_without_an_index(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(1)
    created = pipeline.upload(file_of([("K000", AMINA)]))
    pipeline.validate(created)
    pipeline.assign(import_id(created))
    as_older_code_left_it(pipeline)

    pipeline.run()

    assert pipeline.item(created).state == "done"
    assert [row["line"] for row in pipeline.table(created, "results.csv")] == ["2"]
    answer = ask(pipeline, created)
    assert answer.status == 404
    assert "Download its results" in answer.body["detail"]


def as_older_code_left_it(pipeline: Pipeline) -> None:
    """Stores the rows of each part under the key that older code used."""
    work = pipeline.memory.s3.buckets[pipeline.resources.work_bucket]
    for key in [key for key in work.objects if key.endswith("/lines")]:
        part = lines_part_from(work.objects.pop(key)[0].body)
        pipeline.memory.s3.upload(
            pipeline.resources.work_bucket, key.replace("/lines", "/results.csv"), part.results
        )


def test_an_index_of_older_code_finds_lines_by_all_filters_but_manager_and_opco(
    pipeline: Pipeline,
) -> None:
    created = worked(pipeline)
    reports = pipeline.memory.s3.buckets[pipeline.resources.reports_bucket]
    (key,) = [key for key in reports.objects if key.endswith("/lines.json")]
    older = json.loads(reports.objects[key][0].body)
    for _, _, sections, _ in older["blocks"]:
        del sections[3:]
    del older["opcos"]
    pipeline.memory.s3.upload(pipeline.resources.reports_bucket, key, json.dumps(older).encode())

    assert numbers(listed(pipeline, created, q="6")) == [6]
    assert ask(pipeline, created, manager=BARAKA).status == 404
    assert "by line or account" in ask(pipeline, created, opco="Kenya").body["detail"]


def test_a_code_that_is_known_no_longer_is_counted_without_words(pipeline: Pipeline) -> None:
    created = worked(pipeline)
    reports = pipeline.memory.s3.buckets[pipeline.resources.reports_bucket]
    (key,) = [key for key in reports.objects if key.endswith("/lines.json")]
    older = reports.objects[key][0].body.replace(b"USER_NOT_FOUND", b"USER_FORGOTTEN")
    pipeline.memory.s3.upload(pipeline.resources.reports_bucket, key, older)

    codes = Api(TENANT, pipeline.resources, ADMIN).get(f"/imports/{import_id(created)}/summary")

    assert codes.body["codes"][1:] == [
        {"code": "USER_FORGOTTEN", "count": 1, "message": "", "hint": ""}
    ]


def test_an_index_that_is_too_large_is_left_out(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_files, "MAX_INDEX_BYTES", 10)

    created = worked(pipeline)

    assert len(pipeline.table(created, "results.csv")) == 6
    assert ask(pipeline, created).status == 404


def test_lines_can_be_listed_as_long_as_results_are_kept(pipeline: Pipeline) -> None:
    created = worked(pipeline)
    received_at = datetime.fromisoformat(pipeline.item(created).received_at)
    pipeline.clock.now = received_at.timestamp() + 400 * DAY
    assert ask(pipeline, created).status == 200
    pipeline.clock.now += 1

    answer = ask(pipeline, created)

    assert (answer.status, answer.body["detail"]) == (
        404,
        "the results of the import are no longer kept",
    )


def test_lines_are_listed_once_the_import_has_ended(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    created = pipeline.upload(file_of([("K000", AMINA)]))
    pipeline.validate(created)

    assert ask(pipeline, created).status == 409


def test_a_refused_file_has_no_lines(pipeline: Pipeline) -> None:
    created = pipeline.upload(b"")
    pipeline.run(created)

    assert ask(pipeline, created).status == 404


@pytest.mark.parametrize(
    "query",
    [{"outcome": "wrong"}, {"limit": "0"}, {"limit": "1001"}, {"q": ""}, {"q": "x" * 513}],
)
def test_an_invalid_filter_is_refused(pipeline: Pipeline, query: dict[str, str]) -> None:
    assert ask(pipeline, worked(pipeline), **query).status == 400


@pytest.mark.parametrize("cursor", ["MC4w0", "eA", "OTk5OS4w"])
def test_a_cursor_that_points_nowhere_gives_no_lines(pipeline: Pipeline, cursor: str) -> None:
    answer = ask(pipeline, worked(pipeline), cursor=cursor)

    assert answer.status == 404 or answer.body["lines"] == []


def test_the_summary_counts_codes_and_what_each_manager_gains_and_loses(
    pipeline: Pipeline,
) -> None:
    created = worked(pipeline)

    api = Api(TENANT, pipeline.resources, ADMIN)
    summary = api.get(f"/imports/{import_id(created)}/summary").body

    assert (summary["counts"]["lines"], summary["counts"]["rejected"]) == (6, 3)
    assert [(code["code"], code["count"]) for code in summary["codes"]] == [
        ("ACCOUNT_NOT_FOUND", 2),
        ("USER_NOT_FOUND", 1),
    ]
    assert all(code["message"] and code["hint"] for code in summary["codes"])
    assert summary["opcos"] == [{"opco": "Kenya", "lines": 4}]
    assert summary["managers"] == [
        {**holder(BARAKA, "Baraka Mwangi"), "gains": 0, "loses": 2},
        {**holder(AMINA, "Amina Otieno"), "gains": 1, "loses": 0},
    ]
    pipeline.publish()
    counted = api.get(f"/imports/{import_id(created)}/summary", counts="true").body["managers"]
    assert [(one["user"], one["held"]) for one in counted] == [(BARAKA, 3), (AMINA, 1)]


def test_the_summary_says_how_long_each_stage_took(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    ticket = pipeline.ticket()
    pipeline.clock.now += 3
    created = pipeline.upload(file_of([("K000", AMINA)]), ticket)
    pipeline.clock.now += 2
    pipeline.validate(created)
    pipeline.clock.now += 2
    pipeline.assign(import_id(created))
    pipeline.clock.now += 2
    pipeline.finalize(import_id(created))

    api = Api(TENANT, pipeline.resources, ADMIN)
    stages = api.get(f"/imports/{import_id(created)}/summary").body["stages"]

    assert [(stage["stage"], stage["seconds"]) for stage in stages] == [
        ("uploading", 3.0),
        ("reading", 2.0),
        ("working", 4.0),
        ("finishing", 0.0),
    ]


@pytest.mark.parametrize("kind", ["dropped", "expired"])
def test_without_a_ticket_nobody_knows_how_long_a_file_was_uploaded(
    pipeline: Pipeline, kind: str
) -> None:
    pipeline.kenyan(1)
    pipeline.source()
    ticket = pipeline.ticket()
    body = file_of([("K000", AMINA)])
    created = pipeline.drop(body) if kind == "dropped" else pipeline.upload(body, ticket)
    pipeline.run(created)
    imports = pipeline.memory.dynamodb.tables["ImportsTable"]
    key = next(key for key in imports.items if ticket in key[0])
    imports.write(key, imports.items[key], None)

    answer = Api(TENANT, pipeline.resources, ADMIN).get(f"/imports/{import_id(created)}/summary")

    assert answer.status == 200, answer.text
    assert [one["stage"] for one in answer.body["stages"]] == ["reading", "working", "finishing"]


def test_only_users_who_may_download_the_results_read_lines_and_summary(pipeline: Pipeline) -> None:
    pipeline.users(User("sue@lumina.example", "Sue", frozenset({"Support"})))
    created = worked(pipeline)

    for email in (SALES, "sue@lumina.example"):
        for what in ("lines", "summary", "results"):
            api = Api(TENANT, pipeline.resources, email)
            assert api.get(f"/imports/{import_id(created)}/{what}").status == 403
