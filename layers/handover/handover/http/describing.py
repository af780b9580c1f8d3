"""Makes the OpenAPI description of the API, when Handover is built; `description` reads it.

Making it loads all of Powertools' OpenAPI models, a seventh of what a function imports. So no
function makes it: `python -m infra.reference` writes the description beside this module.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from importlib import import_module
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer
from pydantic import TypeAdapter

from handover.http import bodies
from handover.http.problems import JSON, NAMED, PROBLEM, TROUBLE

# API Gateway itself gives these answers, with its own message: for a token that it does not accept,
# and for more requests than the stage allows.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
OF_API_GATEWAY = (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS)
MESSAGE = {
    "type": "object",
    "properties": {"message": {"type": ["string", "null"]}},
    "required": ["message"],
}
# What any route may answer, and what one with a body may.
OF_ALL = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
OF_BODIES = (HTTPStatus.UNSUPPORTED_MEDIA_TYPE,)
BODIES: dict[str, Any] = {
    name: body
    for path in Path(bodies.__file__).parent.glob("[!_]*.py")
    for name, body in vars(import_module(f"{bodies.__name__}.{path.stem}")).items()
}
WITHOUT_CONTENT = {str(status.value) for status in (HTTPStatus.FOUND, HTTPStatus.NO_CONTENT)}


def made_description(app: APIGatewayHttpResolver) -> dict[str, Any]:
    """The description of all routes of the app; raises KeyError for a body that is no class."""
    described: dict[str, Any] = json.loads(
        app.get_openapi_json_schema(
            title="Handover",
            version="1",
            description="Bulk assignment of account managers to customer accounts by CSV.",
            security_schemes={"token": HTTPBearer(bearerFormat="JWT")},
            security=[{"token": []}],
        )
    )
    for methods in described["paths"].values():
        for operation in methods.values():
            _describe_trouble(operation)
            _describe_queries(operation)
    schemas = described["components"]["schemas"] | _describe_bodies(described["paths"])
    described["components"]["schemas"] = {
        name: schema
        for name, schema in sorted(schemas.items())
        if not name.endswith("ValidationError")
    }
    return described


def _describe_bodies(paths: dict[str, Any]) -> dict[str, Any]:
    """Puts a schema where a route only names a body; returns the schemas that these refer to."""
    named = [
        content["schema"]
        for methods in paths.values()
        for operation in methods.values()
        for answer in operation["responses"].values()
        for content in answer.get("content", {}).values()
        if NAMED in content.get("schema", {})
    ]
    names = sorted({schema[NAMED] for schema in named})
    schemas, shared = TypeAdapter.json_schemas(
        [(name, "validation", TypeAdapter(BODIES[name])) for name in names],
        ref_template="#/components/schemas/{model}",
    )
    for schema in named:
        schema.update(schemas[schema.pop(NAMED), "validation"])
    definitions: dict[str, Any] = shared["$defs"]
    return definitions


def _describe_trouble(operation: dict[str, Any]) -> None:
    """Adds the problems of every route; removes the descriptions that Powertools gives instead."""
    answers = operation["responses"]
    for status in ("422", "500"):
        if PROBLEM not in answers.get(status, {}).get("content", {}):
            answers.pop(status, None)
    for own in OF_API_GATEWAY:
        answer = answers.setdefault(str(own.value), {"description": own.phrase, "content": {}})
        answer["content"][JSON] = {"schema": MESSAGE}
    # The function itself answers this to a tenant that exceeds its share.
    too_many = answers[str(HTTPStatus.TOO_MANY_REQUESTS.value)]
    too_many["headers"] = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}
    too_many["content"][PROBLEM] = {"schema": TROUBLE}
    for status in (*OF_ALL, *(OF_BODIES if "requestBody" in operation else ())):
        answers.setdefault(
            str(status.value),
            {
                "description": status.phrase,
                "content": {PROBLEM: {"schema": TROUBLE}},
            },
        )
    for status in WITHOUT_CONTENT & set(answers):
        answers[status].pop("content", None)


def _describe_queries(operation: dict[str, Any]) -> None:
    """Removes null: a value that may be left out of a query cannot be null in it."""
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        forms = [form for form in schema.get("anyOf", ()) if form != {"type": "null"}]
        if len(forms) == 1:
            del schema["anyOf"]
            schema |= forms[0]
        elif forms:
            schema["anyOf"] = forms
