"""follow: deleted users are removed from their accounts, and pending users get theirs."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from handover.model import Account
from handover.reading.limits import MAX_COLUMNS

from functions.assign import app as assign
from functions.follow import app
from functions.publish import app as publish
from tests.kit.jobs import (
    NEWCOMER,
    api,
    ask_removal,
    await_newcomer,
    awaited,
    delete_by_file,
    held_by,
    newcomer,
)
from tests.kit.mishaps import Mishap, incident, killed_at_every_call
from tests.kit.payloads import load_event
from tests.kit.pipeline import (
    ADMIN,
    AMINA,
    BARAKA,
    DAY,
    PRINCIPAL,
    ROLE,
    TENANT,
    Pipeline,
    file_of,
    s3_event,
    with_body,
)

VIEWER = "viewer"


def test_r98_a_deleted_user_is_removed_from_every_account_in_every_role(pipeline: Pipeline) -> None:
    pipeline.accounts(
        Account(TENANT, "K1", 1, assigned={ROLE: (AMINA,), VIEWER: (AMINA, BARAKA)}),
        Account(TENANT, "K2", 1, assigned={VIEWER: (BARAKA,)}),
        Account(TENANT, "K3", 1, assigned={VIEWER: (AMINA,)}),
    )
    pipeline.settle()

    ticket = ask_removal(pipeline, AMINA)
    (written,) = pipeline.settle()

    assert pipeline.account("K1").assigned == {ROLE: (), VIEWER: (BARAKA,)}
    assert pipeline.account("K2").assigned == {VIEWER: (BARAKA,)}
    assert pipeline.account("K3").assigned == {VIEWER: ()}
    assert held_by(pipeline, AMINA) == []
    user = pipeline.resources.tables.directory.user(TENANT, AMINA)
    assert user is not None
    assert (user.is_deleted, user.is_active) == (True, False)
    shown = api(pipeline).get(f"/imports/{ticket}").body
    assert (shown["state"], shown["profile"], shown["uploader"]) == ("done", "removal", ADMIN)
    assert pipeline.counts(written) == {"lines": 2, "updated": 1, "cleared": 1}


def test_a_removal_is_an_import_with_history(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    pipeline.settle()

    ask_removal(pipeline, AMINA)
    (written,) = pipeline.settle()

    (entry,) = pipeline.resources.tables.history.of(TENANT, "K000")
    assert (entry.receipt.actor, entry.receipt.import_id) == (ADMIN, pipeline.item(written).pk)


def test_the_ticket_of_a_job_can_be_read_at_once(pipeline: Pipeline) -> None:
    ticket = ask_removal(pipeline, AMINA)

    shown = api(pipeline).get(f"/imports/{ticket}").body

    assert (shown["state"], shown["profile"]) == ("awaiting_upload", "removal")


def test_a_user_who_holds_nothing_is_deleted_by_an_import_without_lines(pipeline: Pipeline) -> None:
    ticket = ask_removal(pipeline, AMINA)

    (written,) = pipeline.settle()

    shown = api(pipeline).get(f"/imports/{ticket}").body
    assert (shown["state"], shown["counts"]["lines"]) == ("done", 0)
    assert pipeline.table(written, "results.csv") == []


def test_r97_many_users_are_deleted_by_one_file_with_one_line_for_each_account(
    pipeline: Pipeline,
) -> None:
    pipeline.accounts(
        Account(TENANT, "K1", 1, assigned={VIEWER: (AMINA, BARAKA)}),
        Account(TENANT, "K2", 1, assigned={ROLE: (BARAKA,), VIEWER: (ADMIN,)}),
    )
    pipeline.settle()

    ask_removal(pipeline, AMINA, BARAKA)
    (written,) = pipeline.settle()

    assert written.version.body.decode() == (
        "account ID,remove from account_manager,remove from viewer\r\n"
        f'K1,,"{AMINA},{BARAKA}"\r\n'
        f"K2,{BARAKA},\r\n"
    )
    assert pipeline.account("K1").assigned[VIEWER] == ()
    assert pipeline.account("K2").assigned == {ROLE: (), VIEWER: (ADMIN,)}


def test_roles_that_differ_only_in_case_have_columns_of_their_own(pipeline: Pipeline) -> None:
    pipeline.accounts(
        Account(TENANT, "K1", 1, assigned={VIEWER: (AMINA,)}),
        Account(TENANT, "K2", 1, assigned={"Viewer": (AMINA, BARAKA)}),
    )
    pipeline.settle()

    ask_removal(pipeline, AMINA)
    (written,) = pipeline.settle()

    assert written.version.body.startswith(
        b"account ID,remove from Viewer,remove from viewer (2)\r\n"
    )
    assert pipeline.account("K1").assigned == {VIEWER: ()}
    assert pipeline.account("K2").assigned == {"Viewer": (BARAKA,)}


def test_admins_who_delete_themselves_are_removed_from_their_accounts(pipeline: Pipeline) -> None:
    pipeline.kenyan(2, held_by=ADMIN)
    pipeline.settle()

    ask_removal(pipeline, ADMIN)
    pipeline.settle()

    assert pipeline.holders("K000", "K001") == ["", ""]


def test_a_user_deleted_by_a_file_is_removed_from_every_account(pipeline: Pipeline) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    pipeline.settle()

    delete_by_file(pipeline, AMINA)
    (written,) = pipeline.settle()

    assert pipeline.holders("K000", "K001") == ["", ""]
    assert (pipeline.item(written).source, pipeline.item(written).uploader) == ("handover", "")


def test_a_change_other_than_a_deletion_removes_nobody(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    pipeline.settle()

    user = pipeline.resources.tables.directory.user(TENANT, AMINA)
    assert user is not None
    pipeline.users(user)

    assert pipeline.settle() == []
    assert pipeline.holders("K000") == [AMINA]


def test_r58_accounts_that_wait_for_an_address_go_to_its_new_user(pipeline: Pipeline) -> None:
    pipeline.kenyan(3, held_by=BARAKA)
    await_newcomer(pipeline, "K000", "K002")
    pipeline.settle()
    assert awaited(pipeline) == [(NEWCOMER, "K000"), (NEWCOMER, "K002")]

    newcomer(pipeline)
    (written,) = pipeline.settle()

    assert pipeline.holders("K000", "K001", "K002") == [NEWCOMER, BARAKA, NEWCOMER]
    assert awaited(pipeline) == []
    assert held_by(pipeline, NEWCOMER) == ["K000", "K002"]
    assert (pipeline.item(written).profile, pipeline.item(written).source) == (
        "resolution",
        "handover",
    )
    entries = [entry.receipt for entry in pipeline.resources.tables.history.of(TENANT, "K000")]
    assert [(mark.actor, mark.changes[0].after) for mark in entries] == [
        (ADMIN, (f"pending:{NEWCOMER}",)),
        ("handover", (NEWCOMER,)),
    ]


def test_accounts_do_not_wait_for_a_deleted_user(pipeline: Pipeline) -> None:
    """The user was created and deleted before getting the accounts."""
    pipeline.kenyan(1)
    await_newcomer(pipeline, "K000")
    newcomer(pipeline)
    ask_removal(pipeline, NEWCOMER)
    pipeline.settle()
    user = pipeline.resources.tables.directory.user(TENANT, NEWCOMER)
    assert user is not None
    assert user.is_deleted
    assert pipeline.holders("K000") == [""]

    newcomer(pipeline)
    pipeline.settle()

    assert pipeline.holders("K000") == [""], "what waited does not come back with a namesake"


def test_a_user_created_as_inactive_gets_the_accounts_once_active(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    await_newcomer(pipeline, "K000")
    newcomer(pipeline)
    user = pipeline.resources.tables.directory.user(TENANT, NEWCOMER)
    assert user is not None
    pipeline.users(type(user)(user.email, user.name, user.roles, user.opco, is_active=False))
    pipeline.settle()
    assert pipeline.holders("K000") == [f"pending:{NEWCOMER}"]

    pipeline.users(user)
    pipeline.settle()

    assert pipeline.holders("K000") == [NEWCOMER]


def test_the_ledger_shows_an_admin_who_is_pending_on_which_account_since_when(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(3)
    created = await_newcomer(pipeline, "K000", "K001", "K002")
    pipeline.settle()

    first = api(pipeline).get("/pending", limit="2").body
    second = api(pipeline).get("/pending", limit="2", cursor=first["cursor"]).body

    assert first["pending"][0] == {
        "address": NEWCOMER,
        "role": ROLE,
        "account_id": "K000",
        "since": pipeline.item_time(created),
        "import_id": pipeline.item(created).pk,
    }
    assert [one["account_id"] for one in second["pending"]] == ["K002"]
    assert second["cursor"] is None
    assert api(pipeline, AMINA).get("/pending").status == 403


def test_a_deleted_user_can_no_longer_sign_in(pipeline: Pipeline) -> None:
    for address in (AMINA, BARAKA):
        path, known = f"/users/{address}", {"name": "Somebody", "roles": ["Sales"]}
        assert api(pipeline).request("PUT", path, known).status == 200
    assert set(pipeline.memory.pools.sign_ins) == {AMINA, BARAKA}

    ask_removal(pipeline, AMINA)
    delete_by_file(pipeline, BARAKA)
    pipeline.settle()

    assert pipeline.memory.pools.sign_ins == {}


# Late, twice, stopped


@pytest.mark.parametrize("ask", [ask_removal, delete_by_file])
def test_records_delivered_again_make_no_second_file(
    pipeline: Pipeline, ask: Callable[[Pipeline, str], object]
) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    pipeline.settle()
    ask(pipeline, AMINA)
    records: list[object] = []
    while event := pipeline.drained("DirectoryTable")["Records"]:
        records += event
        for _ in range(2):
            pipeline.invoke(app.lambda_handler, {"Records": event})
    (file,) = pipeline.memory.s3.buckets[pipeline.resources.uploads_bucket].events

    pipeline.run(file)
    pipeline.settle()
    pipeline.clock.now += DAY
    pipeline.invoke(app.lambda_handler, {"Records": records})

    assert pipeline.settle() == []
    assert pipeline.holders("K000", "K001") == ["", ""]


def test_a_removal_that_is_stopped_at_any_call_is_completed(pipeline: Pipeline) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    pipeline.settle()
    ask_removal(pipeline, AMINA)
    event = pipeline.drained("DirectoryTable")

    def run() -> None:
        pipeline.invoke(app.lambda_handler, event)

    for call in killed_at_every_call(pipeline.memory, run):
        run()
        (file,) = pipeline.memory.s3.buckets[pipeline.resources.uploads_bucket].events
        pipeline.run(file)
        pipeline.settle()

        assert pipeline.holders("K000", "K001") == ["", ""], call
        assert held_by(pipeline, AMINA) == [], call
        assert len(pipeline.all_imports()) == 1, call


def test_a_resolution_that_is_stopped_at_any_call_is_completed(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    await_newcomer(pipeline, "K000")
    pipeline.settle()
    newcomer(pipeline)
    event = pipeline.drained("DirectoryTable")

    def run() -> None:
        pipeline.invoke(app.lambda_handler, event)

    for call in killed_at_every_call(pipeline.memory, run):
        run()
        pipeline.settle()

        assert pipeline.holders("K000") == [NEWCOMER], call
        assert awaited(pipeline) == [], call


# Against imports that still use the earlier state


def assigning(pipeline: Pipeline, account: str, user: str, meanwhile: Callable[[], None]) -> None:
    """Assigns the account to the user; something happens after the user is looked up."""
    created = pipeline.upload(file_of([(account, user)]))
    pipeline.validate(created)
    import_id = pipeline.item(created).pk
    pipeline.forget()
    done = False

    def once() -> None:
        nonlocal done
        if not done:
            done = True
            pipeline.memory.hook = None
            meanwhile()

    event = with_body("assign-chunk", {"v": 1, "import_id": import_id, "chunk": 1})
    with incident(pipeline.memory, Mishap("BatchExecuteStatement", before_call=once)):
        assert pipeline.invoke(assign.lambda_handler, event) == []
    pipeline.finalize(import_id)
    assert done


def test_an_import_that_read_the_user_as_still_active_is_overruled(pipeline: Pipeline) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    pipeline.accounts(Account(TENANT, "K9", 1, opco="Kenya"))
    pipeline.settle()

    def remove() -> None:
        ask_removal(pipeline, AMINA)
        pipeline.settle()
        assert pipeline.holders("K000", "K001") == ["", ""]

    assigning(pipeline, "K9", AMINA, remove)
    assert pipeline.holders("K9") == [AMINA]

    pipeline.settle()

    assert pipeline.holders("K9") == [""]
    assert held_by(pipeline, AMINA) == []


@pytest.mark.parametrize("publishes_first", [True, False])
def test_whichever_of_removal_and_publication_comes_last_sees_the_other(
    pipeline: Pipeline, publishes_first: bool
) -> None:
    pipeline.kenyan(1)
    pipeline.settle()
    pipeline.run(pipeline.upload(file_of([("K000", AMINA)])))
    assigned = pipeline.drained("AccountsTable")
    ask_removal(pipeline, AMINA)

    if publishes_first:
        pipeline.invoke(publish.lambda_handler, assigned)
        pipeline.settle()
    else:
        pipeline.settle()
        assert pipeline.holders("K000") == [AMINA], "nobody knew yet that she holds it"
        pipeline.invoke(publish.lambda_handler, assigned)
        pipeline.settle()

    assert pipeline.holders("K000") == [""]
    assert held_by(pipeline, AMINA) == []


@pytest.mark.parametrize("publishes_first", [True, False])
def test_whichever_of_resolution_and_publication_comes_last_sees_the_other(
    pipeline: Pipeline, publishes_first: bool
) -> None:
    pipeline.kenyan(1)
    pipeline.settle()
    await_newcomer(pipeline, "K000")
    waiting = pipeline.drained("AccountsTable")
    newcomer(pipeline)

    if publishes_first:
        pipeline.invoke(publish.lambda_handler, waiting)
        pipeline.settle()
    else:
        pipeline.settle()
        assert pipeline.holders("K000") == [f"pending:{NEWCOMER}"]
        pipeline.invoke(publish.lambda_handler, waiting)
        pipeline.settle()

    assert pipeline.holders("K000") == [NEWCOMER]
    assert awaited(pipeline) == []


def test_a_recheck_that_finds_nothing_to_do_writes_no_file(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    pipeline.settle()

    pipeline.resources.tables.jobs.look_at(TENANT, AMINA, "K000#1")

    assert pipeline.settle() == []


def test_a_removal_that_could_not_be_processed_is_tried_again(pipeline: Pipeline) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    pipeline.settle()
    ask_removal(pipeline, AMINA)
    pipeline.follow()
    (file,) = pipeline.memory.s3.buckets[pipeline.resources.uploads_bucket].events
    pipeline.validate(file)
    pipeline.forget()
    name = pipeline.item(file).pk

    pipeline.abandon(with_body("abandon-chunk", {"v": 1, "import_id": name, "chunk": 1}))
    pipeline.run()
    assert pipeline.counts(file) == {"lines": 2, "not_processed": 2}
    pipeline.settle()

    assert pipeline.holders("K000", "K001") == ["", ""]


def test_a_removal_that_was_refused_for_a_passing_reason_is_tried_again(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    pipeline.settle()
    ask_removal(pipeline, AMINA)
    pipeline.follow()
    (file,) = pipeline.memory.s3.buckets[pipeline.resources.uploads_bucket].events

    pipeline.abandon(s3_event(file, "abandon-intake"))
    pipeline.run()
    assert pipeline.summary(file)["refusal"]["code"] == "NOT_VALIDATED"
    pipeline.settle()

    assert pipeline.holders("K000", "K001") == ["", ""]


def test_a_removal_that_would_be_refused_again_is_not_tried_again(pipeline: Pipeline) -> None:
    """More roles than a file has columns."""
    roles = {f"role {number}": (AMINA,) for number in range(MAX_COLUMNS)}
    pipeline.accounts(Account(TENANT, "K1", 1, assigned=roles))
    pipeline.settle()

    ask_removal(pipeline, AMINA)
    pipeline.follow()
    files = pipeline.memory.s3.buckets[pipeline.resources.uploads_bucket].events
    pipeline.run(*files)
    for _ in range(2):
        pipeline.follow()

    (file,) = files
    assert pipeline.summary(file)["refusal"]["code"] == "TOO_MANY_COLUMNS"
    assert len(pipeline.memory.sns.published) == 1


@pytest.mark.parametrize("when", ["asked for", "written"])
def test_a_removal_cannot_be_cancelled(pipeline: Pipeline, when: str) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    pipeline.settle()
    ticket = ask_removal(pipeline, AMINA)
    if when == "written":
        pipeline.follow()
        (file,) = pipeline.memory.s3.buckets[pipeline.resources.uploads_bucket].events
        pipeline.validate(file)

    answer = api(pipeline).post(f"/imports/{ticket}/cancel")

    assert answer.status == 409
    assert "removal" in answer.body["detail"]


def test_a_user_who_was_created_again_is_not_deleted_by_the_old_job(pipeline: Pipeline) -> None:
    user = pipeline.resources.tables.directory.user(TENANT, AMINA)
    assert user is not None
    ask_removal(pipeline, AMINA)
    event = pipeline.drained("DirectoryTable")
    pipeline.invoke(app.lambda_handler, event)
    pipeline.settle()
    pipeline.users(user)

    pipeline.invoke(app.lambda_handler, event)
    pipeline.settle()

    found = pipeline.resources.tables.directory.user(TENANT, AMINA)
    assert found is not None
    assert found.is_active


def test_a_user_deleted_by_a_file_but_restored_in_time_keeps_their_accounts(
    pipeline: Pipeline,
) -> None:
    user = pipeline.resources.tables.directory.user(TENANT, AMINA)
    assert user is not None
    pipeline.kenyan(1, held_by=AMINA)
    pipeline.settle()
    delete_by_file(pipeline, AMINA)
    pipeline.users(user)

    assert pipeline.settle() == []
    assert pipeline.holders("K000") == [AMINA]


def test_a_user_deleted_before_by_an_admin_is_removed_when_a_file_deletes_them(
    pipeline: Pipeline,
) -> None:
    """The mark of the first removal on the user does not concern a later deletion."""
    pipeline.kenyan(1)
    ask_removal(pipeline, AMINA)
    pipeline.settle()
    again = {"email": AMINA, "name": "Amina Otieno", "roles": ["Sales"], "opco": "Kenya"}
    assert api(pipeline).post("/users", again).status == 201
    pipeline.settle()
    pipeline.clock.now += DAY
    pipeline.run(pipeline.upload(file_of([("K000", AMINA)])))
    pipeline.settle()
    assert pipeline.holders("K000") == [AMINA]

    pipeline.clock.now += DAY
    pipeline.source(writes_directory=True)
    body = f"email,status\r\n{AMINA},deleted\r\n".encode()
    key = f"directory/{TENANT}/erp/users.csv"
    pipeline.run(pipeline.put(key, body, principal=f"AWS:{PRINCIPAL}:job"))
    pipeline.settle()

    assert pipeline.holders("K000") == [""]
    assert held_by(pipeline, AMINA) == []


def test_a_removal_that_is_tried_again_keeps_its_columns(
    pipeline: Pipeline,
) -> None:
    """Between the two tries she gets an account in another role."""
    pipeline.accounts(Account(TENANT, "K1", 1, assigned={ROLE: (AMINA,)}))
    pipeline.settle()
    ticket_id = ask_removal(pipeline, AMINA)
    event = pipeline.drained("DirectoryTable")
    with incident(pipeline.memory, Mishap("PutObject", kill_before=1)):
        pipeline.invoke(app.lambda_handler, event)
    pipeline.accounts(Account(TENANT, "K2", 1, assigned={VIEWER: (AMINA,)}))
    pipeline.publish()

    pipeline.invoke(app.lambda_handler, event)

    (file, *_) = pipeline.memory.s3.buckets[pipeline.resources.uploads_bucket].events
    ticket = pipeline.resources.tables.tickets.find(ticket_id)
    assert ticket is not None
    settled = json.loads(ticket.profile_body or "")["columns"]
    (header, *_) = file.version.body.decode().splitlines()
    assert header.split(",") == [column["label"] for column in settled]
    assert [column["role"] for column in settled if "role" in column] == [ROLE]
    pipeline.run(file)
    pipeline.settle()
    assert pipeline.account("K1").assigned == {ROLE: ()}
    assert pipeline.account("K2").assigned == {VIEWER: ()}


def test_a_batch_is_followed_as_lambda_passes_it(pipeline: Pipeline) -> None:
    """The records are of a job, of the user that it has deleted, and of its end."""
    pipeline.kenyan(1, held_by=AMINA)
    pipeline.settle()
    pipeline.memory.dynamodb.tables["DirectoryTable"].stream.clear()

    pipeline.invoke(app.lambda_handler, load_event("follow-directory"))
    (written,) = pipeline.settle()

    assert pipeline.holders("K000") == [""]
    assert pipeline.item(written).profile == "removal"
