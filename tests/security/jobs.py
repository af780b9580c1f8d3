"""Everything that follow does, and all jobs that are requested without a file."""

from __future__ import annotations

from msgspec.structs import replace

from tests.kit.cast import INSIDERS, OWN, SALES, World
from tests.kit.jobs import await_newcomer, newcomer
from tests.kit.memory_aws import ObjectCreated
from tests.kit.pipeline import file_of, s3_event, with_body
from tests.security import questions


def run(world: World) -> None:
    """Runs every job, to its end and not, also with assignments by others meanwhile."""
    questions.ask(world, "/assignments", "/pending", and_ends=("/undo", "/apply", "/corrections"))
    pipeline = world.pipeline
    pipeline.settle()
    await_newcomer(pipeline, "K003", "T000")
    newcomer(pipeline)
    pipeline.settle()
    # Still behind the wall, whatever its name.
    pipeline.accounts(replace(pipeline.account("T000"), opco="Benin"))
    pipeline.settle()
    _given(world, SALES.email)
    pipeline.publish()
    # From here on a sign-in can be removed.
    world.ask(INSIDERS[0], "PUT", f"/users/{SALES.email}", {"name": "Sam", "roles": ["Sales"]})
    world.ask(INSIDERS[0], "DELETE", f"/users/{SALES.email}")
    pipeline.follow()
    _fail(world, pipeline.memory.s3.buckets[pipeline.resources.uploads_bucket].events[-1])
    pipeline.settle()


def _given(world: World, email: str) -> None:
    world.pipeline.run(world.uploaded(INSIDERS[0], OWN, file_of([("K004", email)])))


def _fail(world: World, file: ObjectCreated) -> None:
    """The removal cannot be read, and is announced only after the finalize message is dead too."""
    pipeline = world.pipeline
    pipeline.abandon(s3_event(file, "abandon-intake"))
    pipeline.forget()
    pipeline.abandon(with_body("abandon-finalize", {"v": 1, "import_id": pipeline.item(file).pk}))
    pipeline.follow()
    pipeline.follow()
    again = pipeline.memory.s3.buckets[pipeline.resources.uploads_bucket].events[-1]
    assert again != file
    pipeline.abandon(s3_event(again, "abandon-intake"))
    pipeline.run()
