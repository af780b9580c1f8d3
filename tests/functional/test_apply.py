"""Applying a dry run: exactly what it has shown takes effect, without a second upload."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from handover.aws import objects
from handover.errors import RetryLaterError
from handover.model import Account, Line, Mode, User
from handover.pipeline.applying import previews_for
from handover.pipeline.import_plan import previews_index_key
from handover.profiles.presets import presets
from handover.runtime import rfc3339
from msgspec.structs import replace

from tests.kit.caller import Answer
from tests.kit.jobs import api
from tests.kit.memory_aws import ObjectCreated
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import (
    ADMIN,
    AMINA,
    BARAKA,
    DAY,
    HOUR,
    MINUTE,
    ROLE,
    SALES,
    TENANT,
    Pipeline,
    file_of,
    import_id,
)
from tests.workbooks.builders import by_openpyxl


def previewed(pipeline: Pipeline, *lines: tuple[str, str], **ticket: Any) -> ObjectCreated:
    """A dry run of a file that has ended."""
    created = pipeline.upload(file_of(lines), pipeline.ticket(mode=Mode.DRY_RUN, **ticket))
    pipeline.run(created)
    pipeline.clock.now += MINUTE
    return created


def ask(
    pipeline: Pipeline, created: ObjectCreated, mode: str = "run", by: str = ADMIN, **body: Any
) -> Answer:
    """The API's answer to a person who applies the import."""
    return api(pipeline, by).post(f"/imports/{import_id(created)}/apply", {"mode": mode} | body)


def applied(
    pipeline: Pipeline, created: ObjectCreated, mode: str = "run", by: str = ADMIN, **body: Any
) -> ObjectCreated:
    """The import that applies another, after its run."""
    answer = ask(pipeline, created, mode, by, **body)
    assert answer.status == 202, answer.text
    (written,) = pipeline.settle()
    pipeline.clock.now += MINUTE
    shown = api(pipeline).get(f"/imports/{answer.body['import_id']}").body
    assert shown["import_id"] == import_id(written)
    return written


def messages(pipeline: Pipeline, created: ObjectCreated) -> dict[str, tuple[str, str]]:
    """The outcome and the message of each line, by account."""
    return {
        row["account ID"]: (row["outcome"], row["message"])
        for row in pipeline.table(created, "results.csv")
    }


def test_a_dry_run_is_applied_without_another_upload(pipeline: Pipeline) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    created = previewed(pipeline, ("K000", BARAKA), ("K001", "None"), ("X", BARAKA))
    assert pipeline.holders("K000", "K001") == [AMINA, AMINA]

    written = applied(pipeline, created)

    assert pipeline.holders("K000", "K001") == [BARAKA, ""]
    assert pipeline.counts(written) == pipeline.counts(created)
    summary = pipeline.summary(written)
    assert (summary["mode"], summary["filename"], summary["uploader"]) == (
        "run",
        "customers.csv",
        ADMIN,
    )
    assert pipeline.table(written, "results.csv") == pipeline.table(created, "results.csv")


def test_an_import_says_which_one_it_applies(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    created = previewed(pipeline, ("K000", BARAKA))

    answer = ask(pipeline, created)

    assert answer.body["follows"] == import_id(created)
    (written,) = pipeline.settle()
    shown = api(pipeline).get(f"/imports/{import_id(written)}").body
    assert shown["follows"] == import_id(created)
    assert shown["warnings"] == []


def test_an_account_that_has_changed_since_is_not_applied_and_says_what_changed(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(3, held_by=AMINA)
    created = previewed(pipeline, ("K000", BARAKA), ("K001", BARAKA), ("K002", BARAKA))
    pipeline.run(pipeline.upload(file_of([("K001", SALES)])))
    at = rfc3339(pipeline.clock.now)
    pipeline.accounts(Account(TENANT, "K002", 1, name="Acme", opco="Kenya"))
    pipeline.clock.now += MINUTE

    written = applied(pipeline, created)

    assert pipeline.holders("K000", "K001", "K002") == [BARAKA, SALES, AMINA]
    what = f"account_manager was {AMINA}, is {SALES} (last by {ADMIN}, {at})"
    assert messages(pipeline, written) == {
        "K000": ("updated", ""),
        "K001": ("superseded", f"changed since the preview: {what}"),
        "K002": ("superseded", "changed since the preview: name was empty, is Acme"),
    }


def test_an_account_that_changed_and_changed_back_is_not_applied(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    created = previewed(pipeline, ("K000", BARAKA))
    for manager in (SALES, AMINA):
        pipeline.run(pipeline.upload(file_of([("K000", manager)])))
        pipeline.clock.now += MINUTE

    written = applied(pipeline, created)

    assert pipeline.holders("K000") == [AMINA]
    outcome, message = messages(pipeline, written)["K000"]
    assert outcome == "superseded"
    assert "the account was written again with the same values" in message


def test_a_rejected_line_is_not_applied_even_if_it_would_be_accepted_by_then(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    created = previewed(pipeline, ("K000", "neema@lumina.example"), ("NEW", BARAKA))
    pipeline.users(User("neema@lumina.example", "Neema", frozenset({"Sales"}), "Kenya"))
    pipeline.accounts(Account(TENANT, "NEW", 1, opco="Kenya"))

    written = applied(pipeline, created)

    assert pipeline.holders("K000", "NEW") == [AMINA, ""]
    shown = "the preview showed: rejected (USER_NOT_FOUND)"
    now = "It would now be: updated (account_manager neema@lumina.example)"
    assert messages(pipeline, written) == {
        "K000": ("superseded", f"{shown}. {now}. Nothing was changed; preview the file again"),
        "NEW": ("superseded", "changed since the preview: the account was created"),
    }


def test_a_line_whose_user_may_no_longer_hold_the_account_is_rejected(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    created = previewed(pipeline, ("K000", BARAKA))
    user = pipeline.resources.tables.directory.user(TENANT, BARAKA)
    assert user is not None
    pipeline.users(replace(user, is_active=False))

    written = applied(pipeline, created)

    assert pipeline.holders("K000") == [AMINA]
    (row,) = pipeline.table(written, "errors.csv")
    assert row["code"] == "USER_INACTIVE"


def test_a_dry_run_can_be_repeated_with_another_mapping(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    body = f"Kunde,Wer\r\nK000,{BARAKA}\r\n".encode()
    created = pipeline.upload(body, pipeline.ticket(mode=Mode.DRY_RUN))
    pipeline.run(created)
    assert pipeline.summary(created)["refusal"]["code"] == "MISSING_COLUMN"
    mapping = {"Kunde": "account ID", "Wer": "account Manager"}

    again = applied(pipeline, created, "dry_run", mapping=mapping)
    assert pipeline.counts(again) == {"lines": 1, "updated": 1}
    assert pipeline.holders("K000") == [""]
    applied(pipeline, again)

    assert pipeline.holders("K000") == [BARAKA]


def test_a_dry_run_applied_with_another_mapping_is_decided_now(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    body = f"account ID,first,second\r\nK000,{BARAKA},{SALES}\r\n".encode()
    ticket = pipeline.ticket(mode=Mode.DRY_RUN, mapping={"first": "account Manager"})
    created = pipeline.upload(body, ticket)
    pipeline.run(created)
    pipeline.run(pipeline.upload(file_of([("K000", BARAKA)])))
    pipeline.clock.now += MINUTE

    applied(pipeline, created, mapping={"second": "account Manager"})

    assert pipeline.holders("K000") == [SALES]


def test_an_import_that_is_cut_into_other_chunks_still_finds_its_previews(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = pipeline.kenyan(40, held_by=AMINA)
    monkeypatch.setattr("handover.pipeline.validate.MIN_CHUNK_BYTES", 300)
    created = previewed(pipeline, *((one, BARAKA) for one in ids))
    assert pipeline.item(created).chunks == 5
    monkeypatch.setattr("handover.pipeline.validate.MIN_CHUNK_BYTES", 170)
    pipeline.run(pipeline.upload(file_of([(ids[20], SALES)])))

    written = applied(pipeline, created)

    assert (pipeline.item(written).chunks or 0) > 5
    assert pipeline.counts(written) == {"lines": 40, "updated": 39, "superseded": 1}


def test_a_file_in_utf_16_can_be_applied(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    body = b"\xff\xfe" + file_of([("K000", BARAKA)]).decode().encode("utf-16-le")
    created = pipeline.upload(body, pipeline.ticket(mode=Mode.DRY_RUN))
    pipeline.run(created)

    applied(pipeline, created)

    assert pipeline.holders("K000") == [BARAKA]


def with_undo_checked(pipeline: Pipeline) -> tuple[ObjectCreated, ObjectCreated]:
    """An import that gave Amina's account to Baraka, and the dry run of its undo."""
    pipeline.kenyan(1, held_by=AMINA)
    created = pipeline.upload(file_of([("K000", BARAKA)]))
    pipeline.run(created)
    pipeline.settle()
    pipeline.clock.now += MINUTE
    path = f"/imports/{import_id(created)}/undo"
    assert api(pipeline).post(path, {"mode": "dry_run"}).status == 202
    (undo,) = pipeline.settle()
    return created, undo


def test_the_dry_run_of_an_undo_can_be_applied(pipeline: Pipeline) -> None:
    created, undo = with_undo_checked(pipeline)

    own: tuple[dict[str, Any], ...] = ({"profile": "single-strict"}, {"mapping": {"a": "b"}})
    for more in own:
        refused = ask(pipeline, undo, **more)
        assert (refused.status, refused.body["field"]) == (400, *more)
    written = applied(pipeline, undo)

    assert pipeline.holders("K000") == [AMINA]
    assert pipeline.summary(written)["undo_of"] == import_id(created)


def test_an_undo_is_applied_only_where_nothing_has_changed_since_its_dry_run(
    pipeline: Pipeline,
) -> None:
    _, undo = with_undo_checked(pipeline)
    pipeline.accounts(replace(pipeline.account("K000"), name="Acme", version=3))

    written = applied(pipeline, undo)

    assert pipeline.holders("K000") == [BARAKA]
    what = "changed since the preview: name was empty, is Acme"
    assert messages(pipeline, written) == {"K000": ("superseded", what)}


def test_a_mapping_to_a_column_that_the_profile_lacks_is_refused_at_once(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(1)
    created = previewed(pipeline, ("K000", BARAKA))

    answer = ask(pipeline, created, mapping={"account ID": "Nothing"})

    assert (answer.status, answer.body["field"]) == (400, "mapping")
    assert pipeline.settle() == []


def test_an_import_that_cannot_be_applied_is_answered_with_the_reason(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    run = pipeline.upload(file_of([("K000", BARAKA)]))
    pipeline.run(run)
    waiting = pipeline.upload(file_of([("K000", BARAKA)]), mode=Mode.DRY_RUN)
    pipeline.validate(waiting)

    assert "only a preview or a dry run" in ask(pipeline, run).body["detail"]
    assert "has not ended" in ask(pipeline, waiting).body["detail"]
    ticket = pipeline.ticket(mode=Mode.DRY_RUN)
    answer = api(pipeline).post(f"/imports/{ticket}/apply", {"mode": "run"})
    assert (answer.status, answer.body["detail"]) == (409, "nothing has been uploaded yet")


def test_a_refused_dry_run_has_nothing_to_apply(pipeline: Pipeline) -> None:
    created = pipeline.upload(b"account ID\r\nK000\r\n", mode=Mode.DRY_RUN)
    pipeline.run(created)

    answer = ask(pipeline, created)

    assert answer.status == 409
    assert "has shown nothing" in answer.body["detail"]


def test_a_dry_run_whose_file_could_not_be_read_needs_another_upload(pipeline: Pipeline) -> None:
    created = pipeline.upload(file_of([("K000", BARAKA)]), mode=Mode.DRY_RUN)
    del pipeline.memory.s3.buckets[created.bucket].objects[created.version.key]
    pipeline.run(created)

    for mode in ("run", "dry_run"):
        answer = ask(pipeline, created, mode)

        assert answer.status == 409
        assert answer.body["detail"] == "the file was refused with OBJECT_GONE; upload it again"


@pytest.mark.parametrize("code", ["OBJECT_GONE", "TICKET_REPLAYED", "NOT_VALIDATED"])
def test_a_preview_whose_file_nobody_could_read_needs_another_upload(
    pipeline: Pipeline, code: str
) -> None:
    created = pipeline.upload(b"account ID\r\nK000\r\n", mode=Mode.DRY_RUN)
    pipeline.run(created)
    item = pipeline.item(created)
    item.refusal = {"code": code, "message": "x"}
    item.save()

    answer = ask(pipeline, created, "dry_run")

    assert answer.status == 409
    assert answer.body["detail"] == f"the file was refused with {code}; upload it again"


def test_a_refused_dry_run_of_an_undo_cannot_be_applied(pipeline: Pipeline) -> None:
    """Another Admin applies it; the one who requested it has lost the right meanwhile."""
    pipeline.kenyan(1, held_by=AMINA)
    created = pipeline.upload(file_of([("K000", BARAKA)]))
    pipeline.run(created)
    pipeline.settle()
    pipeline.clock.now += MINUTE
    path = f"/imports/{import_id(created)}/undo"
    assert api(pipeline).post(path, {"mode": "dry_run"}).status == 202
    other = "neema@lumina.example"
    pipeline.users(
        User(ADMIN, "Ines Okello", frozenset({"Sales"}), "Kenya"),
        User(other, "Neema", frozenset({"Admin"}), "Kenya"),
    )
    (undo,) = pipeline.settle()
    assert pipeline.summary(undo)["refusal"]["code"] == "UPLOADER_NOT_ALLOWED"

    answer = ask(pipeline, undo, by=other)

    assert answer.status == 409
    assert answer.body["detail"] == "the import was refused, so there is nothing to apply"


def test_a_file_can_be_applied_within_a_day_of_its_upload(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    created = previewed(pipeline, ("K000", BARAKA))
    uploaded_at = datetime.fromisoformat(pipeline.item(created).received_at).timestamp()
    pipeline.clock.now += 23 * HOUR
    again = applied(pipeline, created, "dry_run")
    pipeline.clock.now = uploaded_at + DAY
    assert ask(pipeline, again).status == 202
    pipeline.clock.now += 1

    answers = [ask(pipeline, created), ask(pipeline, again)]

    assert [answer.status for answer in answers] == [409, 409]
    assert "more than 24 hours ago" in answers[1].body["detail"]


def test_a_changed_profile_needs_another_dry_run(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    profile = replace(presets()["single-strict"], name="own")
    pipeline.resources.tables.directory.put_profile(TENANT, profile)
    pipeline.switch_on("own")
    created = previewed(pipeline, ("K000", BARAKA), profile="own")
    assert ask(pipeline, created).status == 202
    changed = replace(profile, version=2, title="Another")
    pipeline.resources.tables.directory.put_profile(TENANT, changed)

    answer = ask(pipeline, created)

    assert answer.status == 409
    assert "make another dry run" in answer.body["detail"]
    # An application that was requested before the change is refused, too.
    (written,) = pipeline.settle()
    assert pipeline.summary(written)["refusal"]["code"] == "PREVIEW_OUTDATED"
    assert pipeline.holders("K000") == [AMINA]


def test_the_rights_of_the_person_who_applies_count_at_that_time(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    created = previewed(pipeline, ("K000", BARAKA))

    assert ask(pipeline, created, by=SALES).status == 403
    assert ask(pipeline, created).status == 202
    user = pipeline.resources.tables.directory.user(TENANT, ADMIN)
    assert user is not None
    pipeline.users(replace(user, roles=frozenset({"Sales"})))
    (written,) = pipeline.settle()

    assert pipeline.summary(written)["refusal"]["code"] == "UPLOADER_NOT_ALLOWED"
    assert pipeline.holders("K000") == [AMINA]


def test_an_applied_import_waits_for_an_admin_if_its_file_would(pipeline: Pipeline) -> None:
    ids = pipeline.kenyan(60, held_by=AMINA)
    created = previewed(pipeline, *((one, "None") for one in ids))
    assert pipeline.counts(created) == {"lines": 60, "cleared": 60}

    ask(pipeline, created)
    pipeline.settle()

    (waiting,) = [
        one for one in api(pipeline).get("/imports").body["imports"] if one["mode"] == "run"
    ]
    assert waiting["state"] == "awaiting_approval"
    assert pipeline.account("K000").assigned[ROLE] == (AMINA,)


def read_first(pipeline: Pipeline, body: bytes) -> ObjectCreated:
    """A preview of a file without a named profile."""
    ticket = api(pipeline).post("/imports", {"filename": "a.csv", "mode": "preview"}).body
    created = pipeline.put(f"in/{TENANT}/{ticket['import_ticket']}.csv", body)
    pipeline.run(created)
    pipeline.clock.now += MINUTE
    return created


def test_a_previewed_file_is_dry_run_and_applied_with_one_upload(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    created = read_first(pipeline, f"Kunde,account Manager\r\nK000,{AMINA}\r\n".encode())

    mapping = {"Kunde": "account ID"}
    tried = applied(pipeline, created, "dry_run", profile="single-strict", mapping=mapping)
    assert pipeline.holders("K000") == [""]
    applied(pipeline, tried)

    assert pipeline.holders("K000") == [AMINA]


def test_a_previewed_file_needs_a_profile_to_be_applied(pipeline: Pipeline) -> None:
    created = read_first(pipeline, file_of([("K000", AMINA)]))

    answer = ask(pipeline, created)

    assert answer.status == 400
    assert "name one" in answer.text


def test_a_workbook_is_applied_from_its_converted_file(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    ticket = pipeline.ticket(mode=Mode.DRY_RUN)
    rows = [["account ID", "account Manager"], ["K000", AMINA]]
    created = pipeline.upload(by_openpyxl(rows), ticket)
    pipeline.run(created)
    pipeline.clock.now += MINUTE

    written = applied(pipeline, created)

    assert pipeline.holders("K000") == [AMINA]
    assert pipeline.counts(written) == pipeline.counts(created)


def test_lines_whose_previews_cannot_be_read_wait_for_another_try(pipeline: Pipeline) -> None:
    lines = [Line(2, ("K000", BARAKA))]
    resources = pipeline.resources

    assert previews_for(resources, "applied", []) == {}
    with pytest.raises(RetryLaterError, match="index of the previews"):
        previews_for(resources, "applied", lines)
    index = b'[[2,"gone.json"]]'
    key = previews_index_key("applied")
    objects.write(resources.work_bucket, key, index, "application/json")
    with pytest.raises(RetryLaterError, match="previews of these lines"):
        previews_for(resources, "applied", lines)


def test_lines_that_took_effect_before_a_worker_was_stopped_keep_their_outcome(
    pipeline: Pipeline,
) -> None:
    """Their accounts have changed since the dry run, by the import itself."""
    ids = pipeline.kenyan(60, held_by=AMINA)
    shown = previewed(pipeline, *((one, BARAKA) for one in ids))
    assert ask(pipeline, shown).status == 202
    created = pipeline.memory.s3.buckets[pipeline.resources.uploads_bucket].events[-1]
    assert pipeline.validate(created) == []
    pipeline.forget()
    with incident(pipeline.memory, Mishap("BatchExecuteStatement", kill_after=1)):
        pipeline.assign(import_id(created))
    assert pipeline.holders(ids[0], ids[-1]) == [BARAKA, AMINA]
    pipeline.clock.now += HOUR

    assert pipeline.assign(import_id(created)) == []
    pipeline.run()

    assert pipeline.counts(created) == {"lines": 60, "updated": 60}
    assert set(pipeline.holders(*ids)) == {BARAKA}
