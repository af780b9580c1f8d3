"""The people and the data: two tenants on one AWS in memory, with no word in common.

`build` has the real functions make every import, so every stored item is one that the product has
written.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from handover.model import Account, User
from handover.profiles.presets import presets
from handover.profiles.profile import Role
from handover.store.directory import Source
from msgspec.structs import replace

from functions.api import app
from tests.kit.caller import EVENT, Answer, LambdaContext
from tests.kit.memory_aws import ObjectCreated, Snapshot
from tests.kit.pipeline import Pipeline, file_of

OWN, OTHER = "lumina", "umbra"

ADMIN = User("ines.okello@lumina.example", "Ines Okello", frozenset({"Admin"}), "Kenya")
OFFICE = User(
    "joyce.wambui@lumina.example", "Joyce Wambui", frozenset({"Back Office Management"}), "Kenya"
)
SALES = User("sam.sales@lumina.example", "Sam Sales", frozenset({"Sales"}), "Kenya")
SUPPORT = User("sue.support@lumina.example", "Sue Support", frozenset({"Support"}), "Kenya")
TOGO_ADMIN = User("ama.lawson@lumina.example", "Ama Lawson", frozenset({"Admin"}), "Togo")
TOGO_SALES = User("didier.koffi@lumina.example", "Didier Koffi", frozenset({"Sales"}), "Togo")
INACTIVE = User("kofi.gone@lumina.example", "Kofi Gone", frozenset({"Admin"}), is_active=False)
OWN_USERS = (ADMIN, OFFICE, SALES, SUPPORT, TOGO_ADMIN, TOGO_SALES, INACTIVE)

OTHER_ADMIN = User("nadir.azrou@umbra.example", "Nadir Azrou", frozenset({"Admin"}), "Noir")
OTHER_SALES = User("selma.brandt@umbra.example", "Selma Brandt", frozenset({"Sales"}), "Noir")
# The address of an Admin in the other tenant, and one that differs from an own one by a letter.
TWIN = replace(SALES, name="Umbra Twin", roles=frozenset({"Admin"}), opco="Noir")
NEAR = User("petra.quist@lumina.example", "Petra Quist", frozenset({"Sales"}), "Noir")
OTHER_USERS = (OTHER_ADMIN, OTHER_SALES, TWIN, NEAR)

SHARED_ACCOUNT = "K000"  # both tenants have one of this id
OTHER_ACCOUNT = "NOIR-77"
OWN_PROFILE, OTHER_PROFILE = "sales-list", "noir-list"
OWN_ROLE, OTHER_ROLE = "Deputy of Sales", "Noir Owner"
OWN_WORKFLOW, OTHER_WORKFLOW = "Onboarding", "Noir Onboarding"
OWN_PRINCIPAL, OTHER_PRINCIPAL = "AROALUMINA", "AROAUMBRA"
# Words that no answer to a user of the own tenant contains.
OTHERS_WORDS = (OTHER, "noir", "nadir", "selma", "twin", "petra", "azrou", "brandt", "quist")

# More clearings than the guard allows: they wait for an Admin.
MANY = 12


@dataclass(frozen=True)
class Actor:
    """A person with a token; `claims` None stands for a request without an authorizer."""

    name: str
    claims: Mapping[str, str | None] | None

    def __str__(self) -> str:
        return self.name


def signed_in_as(name: str, user: User, tenant: str = OWN, **changes: str | None) -> Actor:
    """An actor with the claims of that user; None removes a claim."""
    changed = {claim.replace("_", ":", 1): value for claim, value in changes.items()}
    return Actor(name, {"email": user.email, "custom:tenant": tenant, **changed})


INSIDERS = tuple(
    signed_in_as(name, user)
    for name, user in (
        ("admin", ADMIN),
        ("office", OFFICE),
        ("sales", SALES),
        ("support", SUPPORT),
        ("togo-admin", TOGO_ADMIN),
    )
)
UNKNOWN = User("nobody@lumina.example", "", frozenset())
OUTSIDERS = (
    signed_in_as("inactive", INACTIVE),
    signed_in_as("unknown", UNKNOWN),
    signed_in_as("user-of-another-tenant", OTHER_ADMIN),
    Actor("without-tenant", {"email": ADMIN.email, "custom:tenant": None}),
    Actor("with-a-blank-tenant", {"email": ADMIN.email, "custom:tenant": ""}),
    Actor("with-a-key-for-a-tenant", {"email": ADMIN.email, "custom:tenant": f"{OWN}#"}),
    Actor("without-email", {"email": None, "custom:tenant": OWN}),
    Actor(
        "access-token",
        {"email": ADMIN.email, "custom:tenant": OWN, "token_use": "access"},
    ),
    Actor(
        "token-without-a-use",
        {"email": ADMIN.email, "custom:tenant": OWN, "token_use": None},
    ),
    Actor("without-claims", None),
)


@dataclass
class World:
    """Both tenants, and the ids of their imports and of a request, by a word."""

    pipeline: Pipeline
    names: dict[str, dict[str, str]] = field(default_factory=lambda: {OWN: {}, OTHER: {}})
    objects: dict[str, ObjectCreated] = field(default_factory=dict)

    def ask(
        self,
        actor: Actor,
        method: str,
        path: str,
        body: object = None,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        """The API function's answer to the actor; a path may have a query."""
        path, _, written = path.partition("?")
        query = {**dict(parse_qsl(written)), **(query or {})}
        event = copy.deepcopy(EVENT)
        context = event["requestContext"]
        event["rawPath"] = context["http"]["path"] = path
        context["http"]["method"] = method
        if actor.claims is None:
            del context["authorizer"]
        else:
            claims = context["authorizer"]["jwt"]["claims"]
            claims |= actor.claims
            for name in [name for name, value in claims.items() if value is None]:
                del claims[name]
        del event["body"]
        if body is not None:
            event["body"] = json.dumps(body)
        if query:
            event["queryStringParameters"] = query
        answer = app.lambda_handler(event, LambdaContext())
        return Answer(answer["statusCode"], answer["headers"], answer["body"])

    def announce(
        self, actor: Actor, profile: str = "single-strict", *, mode: str = "run", **more: str
    ) -> str:
        """A ticket, as the API gives it."""
        expected = {"profile": profile, "filename": f"{actor}.csv", "mode": mode} | more
        answer = self.ask(actor, "POST", "/imports", expected)
        assert answer.status == 201, answer.text
        return str(answer.body["import_ticket"])

    def uploaded(
        self,
        actor: Actor,
        tenant: str,
        body: bytes,
        profile: str = "single-strict",
        **more: str,
    ) -> ObjectCreated:
        """A file of the actor, uploaded under a ticket of the API."""
        ticket = self.announce(actor, profile, **more)
        return self.pipeline.put(f"in/{tenant}/{ticket}.csv", body)

    def state(self) -> tuple[Any, ...]:
        """Everything that a change would affect: tables, objects, messages."""
        memory = self.pipeline.memory
        sent = len(memory.sqs.outbox), len(memory.sns.published)
        return (*memory.snapshot(), *sent, frozenset(memory.sns.subscribed))


def build(pipeline: Pipeline) -> tuple[World, Snapshot]:
    """The world, and the snapshot to which each test goes back."""
    world = World(pipeline)
    directory = pipeline.resources.tables.directory
    strict = presets()["single-strict"]
    for tenant, users, profile, roles in (
        (OWN, OWN_USERS, OWN_PROFILE, {"Sales"}),
        (OTHER, OTHER_USERS, OTHER_PROFILE, {"Admin"}),
    ):
        directory.put_users(tenant, users, pipeline.deadline)
        directory.put_profile(
            tenant, replace(strict, name=profile, uploader_roles=frozenset(roles))
        )
        pipeline.switch_on("single-strict", profile, tenant=tenant)
    for tenant, role, workflow in (
        (OWN, OWN_ROLE, OWN_WORKFLOW),
        (OTHER, OTHER_ROLE, OTHER_WORKFLOW),
    ):
        directory.put_roles(tenant, [Role(role, 1)], pipeline.deadline)
        directory.put_workflows(tenant, [workflow], pipeline.deadline)
    setup = pipeline.resources.tables.setup
    setup.put_source(OWN, Source("erp", "single-strict", OWN_PRINCIPAL, writes_directory=True))
    setup.put_source(OTHER, Source("erp", "single-strict", OTHER_PRINCIPAL))
    setup.put_source(OTHER, Source("crm", "single-strict", OTHER_PRINCIPAL))
    _accounts(pipeline)
    other = signed_in_as("other-admin", OTHER_ADMIN, OTHER)
    _imports(world, OWN, INSIDERS[1], INSIDERS[0], SALES.email)
    _imports(world, OTHER, other, other, OTHER_SALES.email)
    by_sales = world.uploaded(
        INSIDERS[2], OWN, file_of([("K001", SALES.email), ("none", SALES.email)]), OWN_PROFILE
    )
    pipeline.run(by_sales)
    world.names[OWN]["of-sales"] = pipeline.item(by_sales).pk
    pipeline.publish()
    pipeline.memory.sns.published.clear()
    return world, pipeline.memory.snapshot()


def _accounts(pipeline: Pipeline) -> None:
    held = {"account_manager": (SALES.email,)}
    pipeline.accounts(
        *(Account(OWN, f"K{number:03d}", 1, opco="Kenya", assigned=held) for number in range(MANY)),
        Account(OWN, "T000", 1, opco="Togo"),
    )
    held = {"account_manager": (OTHER_SALES.email,)}
    pipeline.accounts(
        *(
            Account(OTHER, f"K{number:03d}", 1, opco="Noir", assigned=held)
            for number in range(MANY)
        ),
        Account(OTHER, OTHER_ACCOUNT, 1, name="Noir SARL", opco="Noir", assigned=held),
    )


def _imports(world: World, tenant: str, office: Actor, admin: Actor, manager: str) -> None:
    """Makes one import in every relevant state; `office` owns all but the running one."""
    pipeline, names = world.pipeline, world.names[tenant]
    account = OTHER_ACCOUNT if tenant == OTHER else SHARED_ACCOUNT
    ended = world.uploaded(office, tenant, file_of([(account, "None"), ("none", manager)]))
    again = world.uploaded(office, tenant, file_of([(account, manager)]))
    pipeline.run(ended, again)
    waiting = world.uploaded(
        office, tenant, file_of([(f"K{number:03d}", "None") for number in range(MANY)])
    )
    pipeline.run(waiting)
    ticket = world.announce(office, "", mode="preview")
    preview = pipeline.put(f"in/{tenant}/{ticket}.csv", file_of([(account, manager)]))
    pipeline.run(preview)
    previewed = pipeline.put(
        f"in/{tenant}/{world.announce(office, mode='dry_run')}.csv", file_of([(account, "None")])
    )
    pipeline.run(previewed)
    running = world.uploaded(admin, tenant, file_of([("K002", manager)]))
    pipeline.validate(running)
    pipeline.forget()
    names |= {
        "previewed": pipeline.item(previewed).pk,
        "ended": pipeline.item(ended).pk,
        "waiting": pipeline.item(waiting).pk,
        "running": pipeline.item(running).pk,
        "preview": pipeline.item(preview).pk,
        "ticket": world.announce(office),
        "request": _request(world, admin, account),
    }


def _request(world: World, actor: Actor, account_id: str) -> str:
    expected = {"account_id": account_id, "subject": "Meter", "description": "It is dark."}
    answer = world.ask(actor, "POST", "/requests", expected)
    assert answer.status == 201, answer.text
    return str(answer.body["request_id"])
