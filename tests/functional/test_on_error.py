"""`on_error`: a file is checked first, and then either applied exactly or stopped."""

from __future__ import annotations

from typing import Any

import pytest
from handover.model import Mode
from handover.profiles.on_error import on_error_from
from handover.profiles.presets import presets
from msgspec.structs import replace

from tests.kit.jobs import api
from tests.kit.memory_aws import ObjectCreated
from tests.kit.pipeline import AMINA, BARAKA, MINUTE, SALES, TENANT, Pipeline, file_of, import_id

ALL = "all_or_nothing"
BAD = ("X", BARAKA)


def checked(pipeline: Pipeline, *lines: tuple[str, str], **ticket: Any) -> ObjectCreated:
    """A file that has been checked; what follows has not run."""
    created = pipeline.upload(file_of(lines), pipeline.ticket(**{"on_error": ALL, **ticket}))
    pipeline.run(created)
    return created


def shown(pipeline: Pipeline, name: str) -> dict[str, Any]:
    """The import as the API shows it."""
    body: dict[str, Any] = api(pipeline).get(f"/imports/{name}").body
    return body


def announced(pipeline: Pipeline) -> list[str]:
    """The subjects of all notifications."""
    return [str(one.subject) for one in pipeline.memory.sns.published]


def test_a_file_whose_lines_are_all_good_is_applied_as_it_was_checked(pipeline: Pipeline) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    check = checked(pipeline, ("K000", BARAKA), ("K001", "None"))
    assert pipeline.holders("K000", "K001") == [AMINA, AMINA]

    (written,) = pipeline.settle()

    assert pipeline.holders("K000", "K001") == [BARAKA, ""]
    dry_run, done = shown(pipeline, import_id(check)), shown(pipeline, import_id(written))
    assert (dry_run["mode"], dry_run["state"], dry_run["on_error"]) == ("dry_run", "done", ALL)
    assert (done["mode"], done["state"], done["on_error"]) == ("run", "done", ALL)
    assert dry_run["applied_by"] == done["import_ticket"]
    assert done["follows"] == import_id(check)
    assert (done["filename"], done["uploader"]) == (dry_run["filename"], dry_run["uploader"])
    assert pipeline.table(written, "results.csv") == pipeline.table(check, "results.csv")
    assert len(announced(pipeline)) == 1
    assert announced(pipeline)[0].startswith("Import done")
    (entry,) = api(pipeline).get("/audit", act="import_applied").body["entries"]
    assert (entry["about"], entry["actor"]) == (f"import {import_id(check)}", "")
    assert (entry["door"], entry["after"]["ticket"]) == ("check", dry_run["applied_by"])


def test_one_bad_line_stops_the_file_and_the_results_say_what_would_have_happened(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    check = checked(pipeline, ("K000", BARAKA), BAD)

    assert pipeline.settle() == []

    assert pipeline.holders("K000") == [AMINA]
    dry_run = shown(pipeline, import_id(check))
    assert dry_run["state"] == "error"
    assert dry_run["stopped"] == "1 of 2 lines cannot be applied (all_or_nothing)"
    assert "applied_by" not in dry_run
    outcomes = [row["outcome"] for row in pipeline.table(check, "results.csv")]
    assert outcomes == ["updated", "rejected"]
    (news,) = pipeline.memory.sns.published
    assert str(news.subject).startswith("Import stopped: customers.csv")
    assert "was not applied: 1 of 2 lines cannot be applied" in str(news.message)


@pytest.mark.parametrize(("percent", "is_applied"), [(50, True), (49, False)])
def test_a_file_is_stopped_only_above_the_percentage(
    pipeline: Pipeline, percent: int, is_applied: bool
) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    check = checked(pipeline, ("K000", BARAKA), BAD, on_error=f"stop_above: {percent} %")

    written = pipeline.settle()

    assert len(written) == is_applied
    assert pipeline.holders("K000") == [BARAKA if is_applied else AMINA]
    if is_applied:
        assert pipeline.counts(written[0]) == pipeline.counts(check)


def test_an_account_that_changes_after_the_check_is_superseded_and_undo_is_offered(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    check = checked(pipeline, ("K000", BARAKA), ("K001", BARAKA))
    pipeline.run(pipeline.upload(file_of([("K001", SALES)])))
    pipeline.clock.now += MINUTE

    (written,) = pipeline.settle()

    assert pipeline.holders("K000", "K001") == [BARAKA, SALES]
    assert pipeline.counts(written) == {"lines": 2, "updated": 1, "superseded": 1}
    assert pipeline.item(written).state == "error"
    assert shown(pipeline, import_id(check))["state"] == "done"
    assert f"handover undo {import_id(written)}" in str(pipeline.memory.sns.published[-1].message)
    assert api(pipeline).post(f"/imports/{import_id(written)}/undo", {}).status == 202


def test_a_line_that_is_superseded_when_checked_stops_all(pipeline: Pipeline) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    ticket = pipeline.ticket(on_error=ALL)
    early = pipeline.upload(file_of([("K000", BARAKA), ("K001", BARAKA)]), ticket)
    pipeline.clock.now += MINUTE
    pipeline.run(pipeline.upload(file_of([("K001", SALES)])))

    pipeline.run(early)

    assert pipeline.settle() == []
    assert pipeline.holders("K000", "K001") == [AMINA, SALES]
    assert pipeline.item(early).state == "error"


def test_the_choice_of_the_upload_goes_before_that_of_the_source_and_then_the_profile(
    pipeline: Pipeline,
) -> None:
    profile = replace(presets()["single-strict"], name="strict", on_error=on_error_from(ALL))
    pipeline.resources.tables.directory.put_profile(TENANT, profile)
    pipeline.kenyan(3, held_by=AMINA)
    for number, chosen in enumerate(("", "apply_good")):
        pipeline.source(profile="strict", on_error=chosen)
        pipeline.run(pipeline.drop(file_of([(f"K00{number}", BARAKA), BAD]), f"{number}.csv"))
        pipeline.clock.now += MINUTE
    ticket = pipeline.ticket(profile="strict", on_error="stop_above: 60 %")
    pipeline.run(pipeline.upload(file_of([("K002", BARAKA), BAD]), ticket))

    pipeline.settle()

    assert pipeline.holders("K000", "K001", "K002") == [AMINA, BARAKA, BARAKA]


def test_a_dropped_file_is_applied_on_behalf_of_its_source(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    pipeline.source(on_error=ALL)
    pipeline.run(pipeline.drop(file_of([("K000", BARAKA)])))

    (written,) = pipeline.settle()

    assert pipeline.holders("K000") == [BARAKA]
    done = shown(pipeline, import_id(written))
    assert (done["source"], done["uploader"]) == ("erp", "")


def test_the_import_that_applies_a_checked_file_has_the_warnings_of_the_check(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    pipeline.source(on_error=ALL)
    for manager in (BARAKA, SALES, BARAKA):
        pipeline.run(pipeline.drop(file_of([("K000", manager)]), f"{manager}.csv"))
        (written,) = pipeline.settle()
        pipeline.clock.now += MINUTE

    (warning,) = shown(pipeline, import_id(written))["warnings"]
    assert warning["code"] == "OLD_FILE_AGAIN"


def test_a_stopped_file_is_applied_only_with_the_choice_apply_good(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    check = checked(pipeline, ("K000", BARAKA), BAD)
    path = f"/imports/{import_id(check)}/apply"

    refused = api(pipeline).post(path, {"mode": "run"})
    assert refused.status == 409
    assert "1 of 2 lines cannot be applied (all_or_nothing)" in refused.body["detail"]
    answer = api(pipeline).post(path, {"mode": "run", "on_error": "apply_good"})
    assert answer.status == 202
    (entry,) = api(pipeline).get("/audit", act="import_applied").body["entries"]
    assert entry["after"] == {
        "ticket": answer.body["import_ticket"],
        "mode": "run",
        "profile": "single-strict",
        "on_error": "apply_good",
    }
    pipeline.settle()

    assert pipeline.holders("K000") == [BARAKA]


def test_a_dry_run_says_that_it_would_be_stopped_and_nothing_follows(pipeline: Pipeline) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    stopped = checked(pipeline, ("K000", BARAKA), BAD, mode=Mode.DRY_RUN)
    good = checked(pipeline, ("K001", BARAKA), mode=Mode.DRY_RUN)

    assert pipeline.settle() == []

    assert shown(pipeline, import_id(stopped))["stopped"]
    assert "applied_by" not in shown(pipeline, import_id(good))
    assert pipeline.holders("K000", "K001") == [AMINA, AMINA]


def test_a_check_that_is_cancelled_is_not_applied(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    created = pipeline.upload(file_of([("K000", BARAKA)]), pipeline.ticket(on_error=ALL))
    pipeline.validate(created)
    assert api(pipeline).post(f"/imports/{import_id(created)}/cancel").status == 202

    pipeline.run()

    assert pipeline.settle() == []
    assert pipeline.item(created).state == "cancelled"


def test_a_check_that_is_ended_twice_is_applied_once(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    with monkeypatch.context() as stopped:
        stopped.setattr("handover.store.imports.Imports.mark_notified", lambda *_: None)
        check = checked(pipeline, ("K000", BARAKA))
    pipeline.clock.now += MINUTE
    pipeline.finalize(import_id(check))

    written = pipeline.settle()

    assert [pipeline.item(one).state for one in written] == ["done", "refused"]
    assert pipeline.holders("K000") == [BARAKA]
    assert len(announced(pipeline)) == 1
