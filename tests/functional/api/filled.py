"""A tenant with some rows for every list of the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from handover.model import Account, Mode, User

from tests.kit.jobs import PATIENT, allow_pending, api
from tests.kit.pipeline import AMINA, BARAKA, TENANT, Pipeline, file_of, on_memory

REQUEST = {"account_id": "K000", "subject": "a", "description": "b"}


@dataclass(frozen=True)
class World:
    """The pipeline, and the names that paths need."""

    pipeline: Pipeline
    names: dict[str, str]


@pytest.fixture(scope="module")
def world(clients_of_memory: None) -> Iterator[World]:
    """Three accounts with three imports each, and three of everything that is listed."""
    with pytest.MonkeyPatch.context() as patch, on_memory(patch) as pipeline:
        first, request = _fill(pipeline)
        names = {"first": first, "request": request, "preview": _preview(pipeline)}
        yield World(pipeline, names)


def _preview(pipeline: Pipeline) -> str:
    created = pipeline.upload(file_of([("K000", AMINA)]), pipeline.ticket(mode=Mode.PREVIEW))
    pipeline.run(created)
    return pipeline.item(created).pk


def _fill(pipeline: Pipeline) -> tuple[str, str]:
    admin = api(pipeline)
    pipeline.users(*(User(f"{name}@x.example", "Neema Juma", frozenset()) for name in "abc"))
    pipeline.accounts(
        *(
            Account(TENANT, f"{letter}00{place}", 1, opco="Kenya", portals=portals)
            for letter, portals in (("K", ("north",)), ("P", ()))
            for place in range(3)
        )
    )
    files = [
        pipeline.upload(file_of((f"K00{place}", holder) for place in range(3)))
        for holder in (AMINA, BARAKA, AMINA)
    ]
    allow_pending(pipeline)
    awaited = file_of((f"P00{place}", f"new{place}@x.example") for place in range(3))
    files.append(pipeline.upload(awaited, pipeline.ticket(profile=PATIENT)))
    for created in files:
        pipeline.clock.now += 1
        pipeline.run(created)
        pipeline.settle()
    source = {"profile": "single-strict", "principal": "AROAERPEXAMPLE"}
    for place in range(3):
        pipeline.clock.now += 1
        for path, body in (
            (f"/roles/R{place}", {"max_users": place + 1}),
            (f"/workflows/W{place}", None),
            (f"/sources/s{place}", source),
        ):
            assert admin.request("PUT", path, body).status == 200
        assert admin.post("/requests", REQUEST).status == 201
    last = admin.post("/requests", REQUEST | {"account_id": "K001"}).body["request_id"]
    for text in "xyz":
        pipeline.clock.now += 1
        assert admin.post(f"/requests/{last}/notes", {"text": text}).status == 201
    return pipeline.item(files[0]).pk, last
