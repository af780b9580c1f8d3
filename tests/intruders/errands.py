"""Who may have files written that assign many accounts, and everything that follow does."""

from __future__ import annotations

from dataclasses import replace

from tests.faults.memory_aws import ObjectCreated
from tests.functional.errands import await_newcomer, newcomer
from tests.functional.pipeline import file_of, told_by_s3, with_body
from tests.intruders.actions import Action, on, sending
from tests.intruders.cast import INSIDERS, OWN, OWN_PROFILE, SALES, World


def handing(profile: str, **more: object) -> Action:
    """Accounts handed over without a file."""
    return sending("POST", "/assignments", {"profile": profile, "to": SALES.email, **more})


# For admin, office, sales, support and an admin of another opco, in this order.
RIGHTS: dict[Action, tuple[int, ...]] = {
    on("ended", "POST", "/undo"): (202, 202, 403, 403, 202),
    on("of-sales", "POST", "/undo"): (409, 403, 409, 403, 409),
    on("running", "POST", "/undo"): (409, 409, 403, 403, 409),
    on("waiting", "POST", "/undo"): (409, 409, 403, 403, 409),
    on("ticket", "POST", "/undo"): (409, 409, 409, 409, 409),
    handing("single-strict", account_ids=["K001"]): (202, 202, 403, 403, 202),
    handing("single-strict", held_by=SALES.email): (202, 202, 403, 403, 202),
    handing(OWN_PROFILE, account_ids=["K001"]): (403, 403, 202, 403, 403),
    Action("GET", "/pending"): (200, 403, 403, 403, 200),
}


def run(world: World) -> None:
    """Every errand, to its end and not; what others assign while it is run, too."""
    for action in RIGHTS:
        for actor in (INSIDERS[0], INSIDERS[2]):
            path = action.path.format(name=world.names[OWN].get(action.of, ""))
            world.ask(actor, action.method, path, action.body)
    pipeline = world.pipeline
    pipeline.settle()
    await_newcomer(pipeline, "K003", "T000")
    newcomer(pipeline)
    pipeline.settle()
    # Still behind the wall, whatever it is called.
    pipeline.accounts(replace(pipeline.account("T000"), opco="Benin"))
    pipeline.settle()
    _given(world, SALES.email)
    pipeline.publish()
    # From here on there is a sign-in to remove.
    world.ask(INSIDERS[0], "PUT", f"/users/{SALES.email}", {"name": "Sam", "roles": ["Sales"]})
    world.ask(INSIDERS[0], "DELETE", f"/users/{SALES.email}")
    pipeline.follow()
    _fail(world, pipeline.memory.s3.buckets[pipeline.wiring.uploads_bucket].events[-1])
    pipeline.settle()


def _given(world: World, email: str) -> None:
    world.pipeline.run(world.uploaded(INSIDERS[0], OWN, file_of([("K004", email)])))


def _fail(world: World, file: ObjectCreated) -> None:
    """The removal is not read, and not told of until the letter of that is dead too."""
    pipeline = world.pipeline
    pipeline.abandon(told_by_s3(file, "abandon-intake"))
    pipeline.forget()
    pipeline.abandon(with_body("abandon-finalize", {"v": 1, "import_id": pipeline.item(file).pk}))
    pipeline.follow()
    pipeline.follow()
    again = pipeline.memory.s3.buckets[pipeline.wiring.uploads_bucket].events[-1]
    assert again != file
    pipeline.abandon(told_by_s3(again, "abandon-intake"))
    pipeline.run()
