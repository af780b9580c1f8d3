"""Previews: a file is read as usual, and nothing is decided."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from handover.model import Mode, User
from handover.profiles.presets import presets
from msgspec.structs import replace

from tests.kit.caller import Answer, Api
from tests.kit.memory_aws import ObjectCreated
from tests.kit.mishaps import killed_at_every_call
from tests.kit.pipeline import ADMIN, AMINA, DAY, SALES, TENANT, Pipeline, file_of, import_id

# Written out, so that a changed limit is seen.
MAX_CELL_CHARS = 80
MAX_FIRST_LINES = 20

SMALL = file_of([("K000", AMINA), ("K001", "None")])
SUPPORT = "sue@lumina.example"


@pytest.fixture
def furnished(pipeline: Pipeline) -> Pipeline:
    """A tenant with two profiles on, one of them only for Sales, and one more user."""
    pipeline.users(User(SUPPORT, "Sue", frozenset({"Support"})))
    pipeline.switch_on("single-strict", "manager-and-viewers")
    pipeline.kenyan(3, held_by=AMINA)
    return pipeline


def announce(pipeline: Pipeline, email: str = ADMIN, **more: object) -> Answer:
    body = {"filename": "a.csv", "mode": "preview", **more}
    return Api(TENANT, pipeline.resources, email).post("/imports", body)


def uploaded(pipeline: Pipeline, body: bytes, email: str = ADMIN, **more: object) -> ObjectCreated:
    answer = announce(pipeline, email, **more)
    assert answer.status == 201, answer.text
    return pipeline.put(f"in/{TENANT}/{answer.body['import_ticket']}.csv", body)


def previewed(
    pipeline: Pipeline, body: bytes = SMALL, email: str = ADMIN, **more: object
) -> dict[str, Any]:
    created = uploaded(pipeline, body, email, **more)
    pipeline.run(created)
    answer = shown(pipeline, created, email)
    assert answer.status == 200, answer.text
    preview: dict[str, Any] = answer.body
    return preview


def shown(pipeline: Pipeline, created: ObjectCreated, email: str = ADMIN) -> Answer:
    return Api(TENANT, pipeline.resources, email).get(f"/imports/{import_id(created)}/preview")


def test_a_preview_shows_how_the_file_is_read_and_which_profiles_it_fits(
    furnished: Pipeline,
) -> None:
    preview = previewed(furnished, f"account ID;City;account Manager\r\nK000;;{AMINA}\r\n".encode())

    best = preview.pop("profiles")[0]
    assert preview == {
        "import_id": preview["import_id"],
        "filename": "a.csv",
        "encoding": "utf-8",
        "delimiter": ";",
        "lines": 1,
        "header": ["account ID", "City", "account Manager"],
        "rows": [{"line": 2, "fields": ["K000", "", AMINA]}],
    }
    assert best == {
        "profile": "single-strict",
        "title": presets()["single-strict"].title,
        "does": "Sets who holds account_manager of each account in the file.",
        "fits": True,
        "missing": [],
        "columns": [
            {"header": "account ID", "column": "account ID", "how": "exact", "samples": ["K000"]},
            {"header": "City", "column": None, "how": "none", "samples": []},
            {
                "header": "account Manager",
                "column": "account Manager",
                "how": "exact",
                "samples": [AMINA],
            },
        ],
        "blanks": "An empty cell removes the holders of the role from the account; so does 'none'.",
    }


def test_a_preview_decides_writes_and_announces_nothing(furnished: Pipeline) -> None:
    furnished.memory.sns.published.clear()

    created = uploaded(furnished, SMALL)
    furnished.run(created)

    item = furnished.item(created)
    assert (item.state, item.mode, int(item.lines)) == ("done", "preview", 0)
    assert item.open is None
    assert furnished.holders("K000", "K001", "K002") == [AMINA, AMINA, AMINA]
    assert furnished.memory.sns.published == []
    assert furnished.file(created, "results.csv") is None
    assert furnished.summary(created)["results"] is None


def test_a_previewed_file_that_cannot_be_read_is_refused_and_the_import_says_why(
    furnished: Pipeline,
) -> None:
    created = uploaded(furnished, b'account ID,account Manager\r\nK000,"open\r\n')

    furnished.run(created)

    item = furnished.item(created)
    assert item.state == "refused"
    assert item.refusal.as_dict()["code"] == "UNCLOSED_QUOTE"
    assert furnished.memory.sns.published == []
    answer = shown(furnished, created)
    assert (answer.status, "refused" in answer.body["detail"]) == (404, True)


@pytest.mark.parametrize(("mode", "is_waited_for"), [("preview", False), ("run", True)])
def test_later_imports_do_not_count_a_preview_as_an_older_one(
    furnished: Pipeline, mode: str, is_waited_for: bool
) -> None:
    created = uploaded(furnished, SMALL, mode=mode, profile="single-strict")
    furnished.validate(created)
    furnished.forget()
    furnished.clock.now += 60
    later = furnished.upload(file_of([("K002", "None")]))

    furnished.validate(later)

    plan = json.loads(furnished.resources.tables.imports.plan(import_id(later)) or "{}")
    assert plan["rivals"] == ([import_id(created)] if is_waited_for else [])


@pytest.mark.parametrize(
    ("header", "how", "column"),
    [
        ("Account ID", "exact", "account ID"),
        ("acount ID", "near", "account ID"),
    ],
)
def test_each_column_shows_how_certain_its_match_is(
    furnished: Pipeline, header: str, how: str, column: str | None
) -> None:
    body = f"{header},account Manager\r\nK000,{AMINA}\r\n".encode()

    best = previewed(furnished, body, profile="single-strict")["profiles"][0]

    assert (best["columns"][0]["how"], best["columns"][0]["column"]) == (how, column)
    assert best["fits"] is (how == "exact")
    assert best["missing"] == ([] if how == "exact" else ["account ID"])


def test_a_mapping_applies_to_the_profile_that_is_named_with_it(furnished: Pipeline) -> None:
    body = f"Kunde,account Manager\r\nK000,{AMINA}\r\n".encode()

    best, *_ = previewed(furnished, body, profile="single-strict", mapping={"Kunde": "account ID"})[
        "profiles"
    ]

    assert (best["profile"], best["fits"]) == ("single-strict", True)
    assert best["columns"][0] == {
        "header": "Kunde",
        "column": "account ID",
        "how": "remembered",
        "samples": ["K000"],
    }


def test_the_mapping_of_the_last_file_with_this_header_is_remembered(furnished: Pipeline) -> None:
    body = f"Objet,account Manager\r\nK000,{AMINA}\r\n".encode()
    ticket = furnished.ticket(mapping={"Objet": "account ID"})
    furnished.run(furnished.upload(body, ticket))

    for more in ({}, {"profile": "single-strict"}):
        best = previewed(furnished, body, **more)["profiles"][0]

        assert (best["profile"], best["fits"]) == ("single-strict", True)
        column = best["columns"][0]
        assert (column["how"], column["column"]) == ("remembered", "account ID")


def test_the_profile_that_fits_comes_first_unless_another_is_named(furnished: Pipeline) -> None:
    body = f"customer ID,email,defaultViewers\r\nK000,{AMINA},\r\n".encode()

    assert previewed(furnished, body)["profiles"][0]["profile"] == "manager-and-viewers"
    named = previewed(furnished, body, profile="single-strict")["profiles"]
    assert (named[0]["profile"], named[0]["fits"]) == ("single-strict", False)
    assert (named[1]["profile"], named[1]["fits"]) == ("manager-and-viewers", True)


def test_only_profiles_that_the_uploader_may_use_are_shown(furnished: Pipeline) -> None:
    furnished.users(
        User("joyce@lumina.example", "Joyce", frozenset({"Back Office Management"}), "Kenya")
    )

    preview = previewed(furnished, email="joyce@lumina.example")

    assert [one["profile"] for one in preview["profiles"]] == ["single-strict"]


def test_a_user_who_may_use_no_profile_cannot_preview(furnished: Pipeline) -> None:
    answer = announce(furnished, SUPPORT)

    assert answer.status == 403
    assert "no profile is switched on" in answer.body["detail"]


def test_rights_are_checked_again_when_the_file_is_read(furnished: Pipeline) -> None:
    created = uploaded(furnished, SMALL, profile="single-strict")
    furnished.users(User(ADMIN, "Ines", frozenset({"Support"}), "Kenya"))

    furnished.run(created)

    assert furnished.item(created).refusal.as_dict()["code"] == "UPLOADER_NOT_ALLOWED"


@pytest.mark.parametrize(
    "user",
    [
        User(ADMIN, "Ines", frozenset({"Admin"}), "Kenya", is_active=False),
        User(ADMIN, "Ines", frozenset(), "Kenya"),
    ],
)
def test_a_user_who_may_no_longer_upload_gets_no_preview(furnished: Pipeline, user: User) -> None:
    created = uploaded(furnished, SMALL)
    furnished.users(user)

    furnished.run(created)

    assert furnished.item(created).refusal.as_dict()["code"] == "UPLOADER_NOT_ALLOWED"


def test_a_mapping_needs_its_profile(furnished: Pipeline) -> None:
    answer = announce(furnished, mapping={"Kunde": "account ID"})

    assert (answer.status, answer.body["field"]) == (400, "mapping")


@pytest.mark.parametrize("mode", ["run", "dry_run"])
def test_a_run_or_a_dry_run_needs_a_profile(furnished: Pipeline, mode: str) -> None:
    answer = announce(furnished, mode=mode)

    assert (answer.status, answer.body["field"]) == (400, "profile")


def test_a_job_cannot_be_previewed(furnished: Pipeline) -> None:
    created = furnished.upload(file_of([("K000", "None")]))
    furnished.run(created)

    api = Api(TENANT, furnished.resources, ADMIN)
    answer = api.post(f"/imports/{import_id(created)}/undo", {"mode": "preview"})

    assert answer.status == 400


def test_only_its_uploader_and_admins_read_a_preview(furnished: Pipeline) -> None:
    other = "other.admin@lumina.example"
    furnished.users(User(other, "Other", frozenset({"Admin"})))
    created = uploaded(furnished, SMALL)
    furnished.run(created)

    assert shown(furnished, created, SALES).status == 403
    assert shown(furnished, created, ADMIN).status == 200
    assert shown(furnished, created, other).status == 200


def test_a_preview_has_no_results_and_cannot_be_undone(furnished: Pipeline) -> None:
    created = uploaded(furnished, SMALL)
    furnished.run(created)

    api = Api(TENANT, furnished.resources, ADMIN)
    path = f"/imports/{import_id(created)}"
    for what in ("results", "report", "lines", "summary"):
        assert api.get(f"{path}/{what}").status == 404
    assert api.post(f"{path}/undo").status == 409


def test_a_preview_exists_once_the_file_was_read(furnished: Pipeline) -> None:
    ticket = announce(furnished).body["import_ticket"]
    api = Api(TENANT, furnished.resources, ADMIN)
    assert api.get(f"/imports/{ticket}/preview").status == 404
    created = furnished.put(f"in/{TENANT}/{ticket}.csv", SMALL)
    furnished.validate(created)
    assert api.get(f"/imports/{ticket}/preview").status == 404

    furnished.run()

    assert api.get(f"/imports/{ticket}/preview").status == 200
    assert api.get(f"/imports/{import_id(furnished.upload(SMALL))}/preview").status == 404


def test_other_imports_have_no_preview(furnished: Pipeline) -> None:
    created = furnished.upload(SMALL, mode=Mode.DRY_RUN)
    furnished.run(created)

    assert shown(furnished, created).body["detail"] == "this import is no preview"


def test_a_preview_is_kept_as_long_as_a_report(furnished: Pipeline) -> None:
    created = uploaded(furnished, SMALL)
    furnished.run(created)
    received_at = datetime.fromisoformat(furnished.item(created).received_at)
    furnished.clock.now = received_at.timestamp() + 400 * DAY
    assert shown(furnished, created).status == 200
    furnished.clock.now += 1

    answer = shown(furnished, created)

    assert (answer.status, answer.body["detail"]) == (404, "the preview has expired")


def test_a_cancelled_preview_ends_cancelled(furnished: Pipeline) -> None:
    ticket = announce(furnished).body["import_ticket"]
    api = Api(TENANT, furnished.resources, ADMIN)
    assert api.post(f"/imports/{ticket}/cancel").status == 202
    created = furnished.put(f"in/{TENANT}/{ticket}.csv", SMALL)

    furnished.run(created)

    assert furnished.item(created).state == "refused"
    assert shown(furnished, created).status == 404


def test_only_the_first_lines_are_shown_and_long_cells_are_cut(furnished: Pipeline) -> None:
    long = "x" * (MAX_CELL_CHARS + 1)
    preview = previewed(furnished, file_of([(long, AMINA)] * 50))

    assert preview["lines"] == 50
    assert [row["line"] for row in preview["rows"]] == list(range(2, MAX_FIRST_LINES + 2))
    assert preview["rows"][0]["fields"][0] == "x" * (MAX_CELL_CHARS - 1) + "…"


def test_a_file_of_one_column_is_shown_too(furnished: Pipeline) -> None:
    preview = previewed(furnished, b"account ID\r\nK000\r\nK000\r\n")

    assert [row["fields"] for row in preview["rows"]] == [["K000"], ["K000"]]


def test_a_file_in_another_encoding_is_shown_as_text(furnished: Pipeline) -> None:
    body = "account ID,account Manager,Città\r\nK000,x,Forlì\r\n"
    utf_16 = previewed(furnished, "\ufeff".encode("utf-16-le") + body.encode("utf-16-le"))

    assert utf_16["header"][2] == "Città"
    assert utf_16["rows"][0]["fields"][2] == "Forlì"


def test_a_character_of_the_profiles_encoding_may_come_late_in_the_file(
    furnished: Pipeline,
) -> None:
    old = replace(presets()["single-strict"], name="old", fallback_encoding="windows-1252")
    furnished.resources.tables.directory.put_profile(TENANT, old)
    furnished.switch_on("old")
    lines = "".join(f"K{number:06d},x\r\n" for number in range(8000))

    preview = previewed(
        furnished, f"account ID,account Manager\r\n{lines}Forlì,x\r\n".encode("windows-1252")
    )

    assert (preview["encoding"], preview["lines"]) == ("windows-1252", 8001)


def test_the_report_of_an_import_is_previewed_without_its_own_columns(
    furnished: Pipeline,
) -> None:
    body = b"account ID,account Manager,line,code,error,hint\r\nK000,x,2,USER_NOT_FOUND,e,h\r\n"

    preview = previewed(furnished, body)

    assert preview["header"] == ["account ID", "account Manager"]
    assert len(preview["profiles"][0]["columns"]) == 2


def test_a_header_of_many_long_labels_fits_into_an_answer(furnished: Pipeline) -> None:
    slashes = "\\" * 300
    labels = ",".join(f"{slashes}{number}" for number in range(150))
    cells = ",".join(["K000", *[slashes] * 150])
    body = f"account ID,{labels}\r\n{cells}\r\n".encode()

    preview = previewed(furnished, body)

    assert len(preview["profiles"]) >= 1
    assert len(json.dumps(json.dumps(preview, ensure_ascii=False), ensure_ascii=False)) < 6_000_000


def test_the_next_run_completes_one_that_is_killed_at_any_call(furnished: Pipeline) -> None:
    created = uploaded(furnished, SMALL)
    for _ in killed_at_every_call(furnished.memory, lambda: furnished.validate(created)):
        furnished.clock.now += 3600

        furnished.run(created)

        assert furnished.item(created).state == "done"
        assert shown(furnished, created).body["lines"] == 2


def test_the_next_finalize_completes_one_that_is_killed_at_any_call(
    furnished: Pipeline,
) -> None:
    created = uploaded(furnished, SMALL)
    furnished.validate(created)
    furnished.forget()
    name = import_id(created)
    for _ in killed_at_every_call(furnished.memory, lambda: furnished.finalize(name)):
        assert furnished.finalize(name) == []

        assert furnished.item(created).state == "done"
        assert shown(furnished, created).status == 200


def test_a_preview_whose_stored_file_is_missing_does_not_end(furnished: Pipeline) -> None:
    created = uploaded(furnished, SMALL)
    furnished.validate(created)
    item = furnished.item(created)
    assert (int(item.chunks), int(item.lines)) == (0, 0), "no line is processed"
    furnished.memory.s3.buckets[furnished.resources.work_bucket].objects.clear()

    assert len(furnished.finalize(import_id(created))) == 1
    assert furnished.item(created).state == "finalizing"


def test_while_a_preview_is_not_there_the_answer_says_to_ask_again(furnished: Pipeline) -> None:
    created = uploaded(furnished, SMALL)
    furnished.run(created)
    reports = furnished.memory.s3.buckets[furnished.resources.reports_bucket].objects
    lost = reports.pop(key := f"{TENANT}/{import_id(created)}/preview.json")

    answer = shown(furnished, created)

    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    reports[key] = lost
    assert shown(furnished, created).status == 200
