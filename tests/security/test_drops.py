"""Who may put which file under which key of the upload bucket: tenants, sources and principals."""

from __future__ import annotations

from typing import Any

import pytest
from handover.model import User
from handover.pipeline.upload_keys import NO_TENANT
from handover.store.directory import Source
from msgspec.structs import replace

from tests.kit.cast import (
    ADMIN,
    INSIDERS,
    OFFICE,
    OTHER,
    OTHER_ADMIN,
    OTHER_PRINCIPAL,
    OTHERS_WORDS,
    OWN,
    OWN_PRINCIPAL,
    SALES,
    SHARED_ACCOUNT,
    SUPPORT,
    TOGO_ADMIN,
    TOGO_SALES,
    World,
    signed_in_as,
)
from tests.kit.memory_aws import ObjectCreated
from tests.kit.pipeline import file_of

CLEARS = file_of([(SHARED_ACCOUNT, "None")])
LONG = "x" * 990


def code(world: World, created: ObjectCreated) -> str:
    """The code with which the file was refused, "" when it was accepted."""
    refusal = world.pipeline.item(created).refusal
    return str(refusal.as_dict()["code"]) if refusal else ""


def managers(world: World) -> list[dict[str, Any]]:
    """Every account of both tenants, as stored."""
    return list(world.pipeline.memory.dynamodb.tables["AccountsTable"].items.values())


def assert_refused(world: World, created: ObjectCreated, expected: str, tenant: str) -> None:
    """Fails unless the tenant in the key has a refusal without effect that was announced to it."""
    before = managers(world)
    assert world.pipeline.validate(created) == []
    world.pipeline.run()

    item = world.pipeline.item(created)
    assert code(world, created) == expected
    assert (item.state, item.tenant, item.uploader) == ("refused", tenant, "")
    assert managers(world) == before
    (notification,) = world.pipeline.memory.sns.published
    assert notification.attributes["tenant"]["StringValue"] == tenant


@pytest.mark.parametrize(
    ("key", "principal", "expected", "tenant"),
    [
        # another tenant's folder, as oneself
        ("drop/umbra/crm/a.csv", OWN_PRINCIPAL, "WRONG_PRINCIPAL", OTHER),
        ("directory/umbra/crm/users.csv", OWN_PRINCIPAL, "WRONG_PRINCIPAL", OTHER),
        ("directory/lumina/erp/users.csv", OTHER_PRINCIPAL, "WRONG_PRINCIPAL", OWN),
        ("directory/lumina/erp/users.csv", "", "WRONG_PRINCIPAL", OWN),
        ("directory/lumina/crm/accounts.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", OWN),
        ("directory/lumina/users.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", OWN),
        ("directory/lumina/erp/a.csv", OWN_PRINCIPAL, "UNKNOWN_PROFILE", OWN),
        ("drop/umbra/erp/a.csv", OWN_PRINCIPAL, "WRONG_PRINCIPAL", OTHER),
        ("drop/umbra/hr/a.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", OTHER),
        ("drop/lumina/erp/a.csv", OTHER_PRINCIPAL, "WRONG_PRINCIPAL", OWN),
        # another tenant's source in the own folder
        ("drop/lumina/crm/a.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", OWN),
        ("drop/lumina/crm/a.csv", OTHER_PRINCIPAL, "UNKNOWN_SOURCE", OWN),
        # unknown sources, and similar names
        ("drop/lumina/erp/a.csv", "", "WRONG_PRINCIPAL", OWN),
        ("drop/lumina/erp/a.csv", "A", "WRONG_PRINCIPAL", OWN),
        ("drop/lumina/erp/a.csv", "AROALUMINAX", "WRONG_PRINCIPAL", OWN),
        ("drop/lumina/erp/a.csv", "AROALUMIN", "WRONG_PRINCIPAL", OWN),
        ("drop/lumina/erp/a.csv", "aroalumina", "WRONG_PRINCIPAL", OWN),
        ("drop/lumina/erp/a.csv", "job:AROALUMINA", "WRONG_PRINCIPAL", OWN),
        ("drop/lumina/erp/a.csv", "AROAUMBRA:AROALUMINA", "WRONG_PRINCIPAL", OWN),
        ("drop/lumina/erp/a.csv", "AROAUMBRA:AROALUMINA:", "WRONG_PRINCIPAL", OWN),
        # paths that would lead elsewhere if they were resolved
        ("drop/lumina/../umbra/crm/a.csv", OTHER_PRINCIPAL, "UNKNOWN_SOURCE", OWN),
        ("drop/lumina//a.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", OWN),
        ("drop/lumina/erp/", OWN_PRINCIPAL, "UNKNOWN_SOURCE", OWN),
        ("drop/lumina/erp", OWN_PRINCIPAL, "UNKNOWN_SOURCE", OWN),
        ("drop/lumina/ erp/a.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", OWN),
        ("drop/lumina/erp%2Fa.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", OWN),
        ("drop/lumina/erp\n/a.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", OWN),
        ("drop/lumina/\u0435rp/a.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", OWN),  # Cyrillic e
        ("drop/lumina/e\u200brp/a.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", OWN),
        ("drop/lumina/ERP/a.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", OWN),
        ("drop/lumina/profile#sales-list/a.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", OWN),
        (f"drop/lumina/{LONG}/a.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", OWN),
        ("drop//erp/a.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", NO_TENANT),
        ("drop/../lumina/erp/a.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", NO_TENANT),
        ("drop/LUMINA/erp/a.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", NO_TENANT),
        ("drop/lumina /erp/a.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", NO_TENANT),
        ("drop/lumina#x/erp/a.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", NO_TENANT),
        ("drop/lum\u00edna/erp/a.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", NO_TENANT),
        (f"drop/-/{NO_TENANT}/a.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", NO_TENANT),
        ("/drop/lumina/erp/a.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", NO_TENANT),
        ("DROP/lumina/erp/a.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", NO_TENANT),
        (LONG, OWN_PRINCIPAL, "UNKNOWN_SOURCE", NO_TENANT),
        # the folder of tickets, without a ticket
        ("in/lumina/a.csv", OWN_PRINCIPAL, "TICKET_UNKNOWN", OWN),
        ("in/lumina/", OWN_PRINCIPAL, "TICKET_UNKNOWN", OWN),
        ("in/lumina/erp/a.csv", OWN_PRINCIPAL, "TICKET_UNKNOWN", OWN),
        ("in/umbra/a.csv", OWN_PRINCIPAL, "TICKET_UNKNOWN", OTHER),
        (f"in/lumina/{LONG}.csv", OWN_PRINCIPAL, "TICKET_UNKNOWN", OWN),
        ("in//a.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", NO_TENANT),
        ("in/../lumina/a.csv", OWN_PRINCIPAL, "UNKNOWN_SOURCE", NO_TENANT),
    ],
)
def test_a_file_counts_only_in_a_folder_of_its_writer(
    world: World, key: str, principal: str, expected: str, tenant: str
) -> None:
    created = world.pipeline.put(key, CLEARS, principal=principal)

    assert_refused(world, created, expected, tenant)


@pytest.mark.parametrize(
    ("principal", "name"),
    [
        (f"AWS:{OWN_PRINCIPAL}:nightly", "a.csv"),
        (f"AWS:{OWN_PRINCIPAL}", "a.csv"),
        (f"AWS:{OWN_PRINCIPAL}:nightly", "../../umbra/crm/a.csv"),
        (f"AWS:{OWN_PRINCIPAL}:nightly", "%2e%2e/%2e%2e/umbra/crm/a.csv"),
        (f"AWS:{OWN_PRINCIPAL}:nightly", "\u202egnp.exe\u202c.csv"),
        (f"AWS:{OWN_PRINCIPAL}:nightly", "y" * 900),
    ],
)
def test_a_drop_concerns_the_tenant_of_its_source_whatever_its_name(
    world: World, principal: str, name: str
) -> None:
    created = world.pipeline.put(f"drop/{OWN}/erp/{name}", CLEARS, principal=principal)

    world.pipeline.run(created)

    item = world.pipeline.item(created)
    assert (item.state, item.tenant, item.source, item.filename) == ("done", OWN, "erp", name)
    assert world.pipeline.account(SHARED_ACCOUNT, OWN).assigned["account_manager"] == ()
    assert world.pipeline.account(SHARED_ACCOUNT, OTHER).assigned["account_manager"] != ()
    summary = world.pipeline.memory.s3.buckets[world.pipeline.resources.reports_bucket].objects
    files = {"results.csv", "lines.index", "lines.json", "summary.json"}
    assert {key for key in summary if item.pk in key} == {
        f"{OWN}/{item.pk}/{file}" for file in files
    }


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("users.csv", f"email,roles\r\n{SALES.email},Admin"),
        ("accounts.csv", "account_id,status\r\nK000,inactive"),
    ],
)
def test_a_source_of_assignments_makes_nobody_an_admin(world: World, name: str, line: str) -> None:
    setup = world.pipeline.resources.tables.setup
    setup.put_source(OWN, Source("crm", "single-strict", OWN_PRINCIPAL))
    created = world.pipeline.put(
        f"directory/{OWN}/crm/{name}", line.encode(), principal=OWN_PRINCIPAL
    )

    assert_refused(world, created, "UPLOADER_NOT_ALLOWED", OWN)
    found = world.pipeline.resources.tables.directory.user(OWN, SALES.email)
    assert found is not None
    assert found.roles == SALES.roles


@pytest.mark.parametrize("place", [OWN, OTHER])
@pytest.mark.parametrize("holder", [OWN, OTHER])
def test_a_ticket_is_valid_only_in_the_folder_of_its_own_tenant(
    world: World, holder: str, place: str
) -> None:
    actor = INSIDERS[0] if holder == OWN else signed_in_as("other-admin", OTHER_ADMIN, tenant=OTHER)
    ticket = world.announce(actor)
    created = world.pipeline.put(f"in/{place}/{ticket}.csv", CLEARS)

    if holder != place:
        assert_refused(world, created, "TICKET_UNKNOWN", place)
        return
    world.pipeline.run(created)
    assert world.pipeline.item(created).state == "done"


@pytest.mark.parametrize("second", ["{}.csv", "{}", "{}.csv.csv", "{}.CSV"])
def test_a_ticket_is_valid_for_one_object_under_whichever_name(world: World, second: str) -> None:
    ticket = world.announce(INSIDERS[0])
    first = world.pipeline.put(f"in/{OWN}/{ticket}.csv", CLEARS)
    again = world.pipeline.put(f"in/{OWN}/{second.format(ticket)}", CLEARS)

    world.pipeline.run(first, again)

    assert code(world, first) == ""
    assert code(world, again) in ("TICKET_REPLAYED", "TICKET_UNKNOWN")


FORGED = {
    "uploader": ADMIN.email,
    "tenant": OTHER,
    "source": "crm",
    "profile": "noir-list",
    "principal": OTHER_PRINCIPAL,
    "mode": "run",
    "ticket": "x",
}


@pytest.mark.parametrize("folder", ["drop", "in"])
def test_metadata_is_ignored(world: World, folder: str) -> None:
    ticket = world.announce(INSIDERS[1])
    key = f"drop/{OWN}/erp/a.csv" if folder == "drop" else f"in/{OWN}/{ticket}.csv"
    memory = world.pipeline.memory.s3
    bucket = world.pipeline.resources.uploads_bucket
    memory.upload(bucket, key, CLEARS, principal=OWN_PRINCIPAL, metadata=FORGED)
    created = memory.buckets[bucket].events[-1]

    world.pipeline.run(created)

    item = world.pipeline.item(created)
    assert (item.state, item.tenant, item.profile, item.mode) == (
        "done",
        OWN,
        "single-strict",
        "run",
    )
    assert (item.source, item.uploader) == (
        ("erp", "") if folder == "drop" else ("user", OFFICE.email)
    )


@pytest.mark.parametrize(
    "now",
    [
        replace(OFFICE, roles=frozenset({"Sales"})),
        replace(OFFICE, roles=frozenset()),
        replace(OFFICE, is_active=False),
        replace(OFFICE, roles=frozenset({"admin"})),
        replace(OFFICE, roles=frozenset({"Admin "})),
    ],
    ids=["sales", "no role", "inactive", "role in another case", "role with a space"],
)
def test_the_role_that_the_uploader_has_when_the_file_is_read_counts(
    world: World, now: User
) -> None:
    created = world.uploaded(INSIDERS[1], OWN, CLEARS)
    world.pipeline.users(now, tenant=OWN)

    world.pipeline.run(created)

    assert code(world, created) == "UPLOADER_NOT_ALLOWED"
    assert world.pipeline.account(SHARED_ACCOUNT, OWN).assigned["account_manager"] != ()


@pytest.mark.parametrize("uploader", [ADMIN, TOGO_ADMIN], ids=["kenyan", "togolese"])
@pytest.mark.parametrize(
    ("account", "manager", "outcome"),
    [
        ("K001", SALES, "unchanged"),
        ("K001", TOGO_SALES, "OTHER_OPCO"),
        ("T000", SALES, "OTHER_OPCO"),
        ("T000", TOGO_SALES, "updated"),
        ("K001", SUPPORT, "USER_ROLE"),
    ],
)
def test_the_wall_applies_to_account_and_manager_whoever_uploads(
    world: World, uploader: User, account: str, manager: User, outcome: str
) -> None:
    actor = signed_in_as("uploader", uploader)
    created = world.uploaded(actor, OWN, file_of([(account, manager.email)]))

    world.pipeline.run(created)

    (row,) = world.pipeline.table(created, "results.csv")
    assert outcome in (row["outcome"], row["code"])


def test_a_refusal_reveals_nothing_of_the_other_tenant(world: World) -> None:
    """Not even its sources and tickets: the answer contains only what the writer wrote."""
    keys = [f"drop/{OWN}/crm/a.csv", f"in/{OWN}/{world.names[OTHER]['ticket']}.csv"]
    absent = [f"drop/{OWN}/cry/a.csv", f"in/{OWN}/20260706T120000000Z-0123456789abcdef.csv"]

    def refusal(key: str) -> str:
        created = world.pipeline.put(key, CLEARS, principal=OTHER_PRINCIPAL)
        world.pipeline.run(created)
        return str(world.pipeline.item(created).refusal.as_dict()["message"])

    for there, nowhere in zip(keys, absent, strict=True):
        answer = refusal(there)
        assert answer == refusal(nowhere).replace("'cry'", "'crm'")
        assert not [word for word in OTHERS_WORDS if word in answer.lower()]
