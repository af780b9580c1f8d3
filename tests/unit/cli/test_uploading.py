"""A file goes through the API and S3 as plain HTTP, here to a server that records it."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra.cli import imports, sign_in
from infra.cli.api import Api, problem
from infra.cli.failures import CommandError, ExitCode
from infra.cli.files import check_readable
from infra.cli.location import Stack
from infra.cli.screen import Screen
from infra.cli.uploading import Upload, follow, s3_message, send

Answer = tuple[int, dict[str, str], bytes]
COUNTS = {"lines": 2, "updated": 2}


@dataclass
class Request:
    """One request that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    """Answers each path from its list, and repeats the last answer."""

    url: str = ""
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def says(self, path: str, *answers: object, status: int = 200) -> None:
        """Sets the JSON answers of one path, in their order."""
        kind = {"content-type": "application/json"}
        self.answers[path] = [(status, kind, json.dumps(one).encode()) for one in answers]


@contextmanager
def _serving(server: Server) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_arguments: object) -> None:
            """Logs nothing: a test's output is its own."""

        def answer(self) -> None:
            length = int(self.headers.get("content-length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(length)
            server.requests.append(Request(self.command, self.path, headers, body))
            waiting = server.answers[self.path.partition("?")[0]]
            status, sent, body = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            self.send_response(status)
            for name, value in sent.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer  # noqa: N815 - the names that the library looks for

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with _serving(Server()) as serving:
        yield serving


@pytest.fixture
def api(server: Server, home: Path) -> Api:
    """The API for a user who is signed in for an hour."""
    home.mkdir(parents=True)
    signed_in = {
        "email": "ana@lumina.example",
        "id_token": "the-token",
        "refresh_token": "r",
        "expires_at": time.time() + 3600,
    }
    sign_in.token_file().write_text(json.dumps({"pool": signed_in}))
    outputs = {"ApiUrl": server.url, "UserPoolId": "pool", "UserPoolClientId": "client"}
    return Api(Stack("handover", None, outputs))


def _ticket(server: Server, status: int = 204, body: bytes = b"") -> None:
    fields = {"key": "in/lumina/t.csv", "policy": "p"}
    server.says(
        "/imports",
        {"import_ticket": "t-1", "upload": {"url": f"{server.url}/bucket", "fields": fields}},
        status=201,
    )
    server.answers["/bucket"] = [(status, {"content-type": "application/xml"}, body)]


def _file(folder: Path, content: bytes = b"account ID,account Manager\n1,a@b.example\n") -> Path:
    path = folder / "my file.csv"
    path.write_bytes(content)
    return path


def test_the_ticket_names_the_file_and_the_form_uploads_it(
    server: Server, api: Api, tmp_path: Path
) -> None:
    _ticket(server)
    content = b"x" * 700_000

    upload = Upload(_file(tmp_path, content), "single-strict", {"a": "b"}, is_dry_run=True)
    ticket = send(api, upload, Screen())

    expected, form = server.requests
    assert ticket == "t-1"
    assert expected.headers["authorization"] == "Bearer the-token"
    assert json.loads(expected.body) == {
        "profile": "single-strict",
        "filename": "my file.csv",
        "mode": "dry_run",
        "mapping": {"a": "b"},
    }
    assert "transfer-encoding" not in form.headers
    assert "authorization" not in form.headers
    head = f"Content-Type: {form.headers['content-type']}\r\n\r\n".encode()
    parts = list(BytesParser().parsebytes(head + form.body).walk())[1:]
    assert [part.get_payload() for part in parts[:2]] == ["in/lumina/t.csv", "p"]
    assert parts[2].get_payload(decode=True) == content


def test_a_refusal_by_s3_is_reported_in_its_own_words(
    server: Server, api: Api, tmp_path: Path
) -> None:
    _ticket(
        server,
        403,
        b"<Error><Code>EntityTooLarge</Code><Message>Too large &amp; long</Message></Error>",
    )

    with pytest.raises(CommandError, match="EntityTooLarge: Too large & long") as refused:
        send(api, Upload(_file(tmp_path), "single-strict"), Screen())

    assert refused.value.code is ExitCode.REFUSED
    assert s3_message(b"<html>busy</html>") == ""


def test_an_empty_file_is_not_announced(server: Server, api: Api, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()

    with pytest.raises(CommandError, match=r"empty\.csv is empty") as refused:
        send(api, Upload(tmp_path / "empty.csv", "single-strict"), Screen())

    assert refused.value.code == ExitCode.REFUSED
    assert server.requests == []


def test_a_pipe_cannot_be_uploaded(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(CommandError, match="expected a file on disk"):
        check_readable(tmp_path / "pipe")


def test_an_upload_is_sent_only_once(server: Server, api: Api, tmp_path: Path) -> None:
    _ticket(server, 503)

    with pytest.raises(CommandError, match="503"):
        send(api, Upload(_file(tmp_path), "single-strict"), Screen())

    assert [requests.path for requests in server.requests] == ["/imports", "/bucket"]


def _import(state: str) -> dict[str, Any]:
    return {"import_id": "i", "state": state, "counts": COUNTS}


@pytest.mark.parametrize("last", ["done", "error", "refused", "cancelled", "awaiting_approval"])
def test_an_import_is_watched_until_it_ends_or_waits_for_a_person(
    last: str, server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    states = ("awaiting_upload", "validating", "processing", last)
    server.says("/imports/t-1", *(_import(state) for state in states))

    assert follow(api, "t-1", Screen())["state"] == last

    assert capsys.readouterr().err == "waiting for S3\nchecking the file\napplying lines\n"


def test_a_file_that_is_checked_first_is_watched_to_the_import_that_applies_it(
    server: Server, api: Api
) -> None:
    server.says("/imports/t-1", _import("processing"), _import("done") | {"applied_by": "t-2"})
    server.says("/imports/t-2", _import("awaiting_upload"), _import("error"))

    assert follow(api, "t-1", Screen())["state"] == "error"


def test_a_short_outage_does_not_end_the_watching(server: Server, api: Api) -> None:
    server.says("/imports/t-1", _import("done"))
    server.answers["/imports/t-1"].insert(0, (503, {}, b"busy"))

    assert follow(api, "t-1", Screen())["state"] == "done"


def test_a_report_is_fetched_from_s3_without_the_token(
    server: Server, api: Api, tmp_path: Path
) -> None:
    place = {"location": f"{server.url}/bucket/errors.csv?X-Amz-Signature=s"}
    server.answers["/imports/i%2F1/report"] = [(302, place, b"")]
    server.answers["/bucket/errors.csv"] = [(200, {}, b"line,code\r\n")]

    with api.download("imports", "i/1", "report") as answer:
        assert answer.read() == b"line,code\r\n"

    assert "authorization" in server.requests[0].headers
    assert "authorization" not in server.requests[1].headers


def test_a_listing_is_read_page_after_page_up_to_its_limit(server: Server, api: Api) -> None:
    server.says("/imports", {"imports": [1, 2], "cursor": "c"}, {"imports": [3], "cursor": None})

    assert list(imports.pages(api, ("imports",), "imports", 3)) == [1, 2, 3]

    assert [requests.path for requests in server.requests] == [
        "/imports?limit=3",
        "/imports?limit=1&cursor=c",
    ]


def test_a_failed_download_keeps_the_existing_file(
    server: Server, api: Api, tmp_path: Path
) -> None:
    target = tmp_path / "errors.csv"
    target.write_text("from last week")
    server.says("/imports/i/report", {"title": "Conflict", "detail": "not ended"}, status=409)

    with pytest.raises(CommandError, match="Conflict: not ended"):
        imports.fetch(api, ("imports", "i", "report"), str(target), Screen())

    assert target.read_text() == "from last week"
    assert list(tmp_path.glob("*.part-*")) == []


@pytest.mark.parametrize(
    ("status", "body", "message", "code"),
    [
        (
            400,
            b'{"title": "Bad Request", "detail": "profile: none", "field": "profile"}',
            "Bad Request: profile: none",
            3,
        ),
        (400, b'{"title": "T", "detail": "too long", "field": "filename"}', "filename: T: ", 3),
        (403, b'{"title": "Forbidden", "detail": "no Admin"}', "Forbidden: no Admin", 2),
        (404, b"<html>", "Not Found", 3),
        (409, b'{"title": "Conflict"}', "Conflict", 2),
        (401, b'{"message": "Unauthorized"}', "handover login", 3),
        (500, b"null", "try again", 3),
        (599, b"[]", "status 599", 3),
    ],
)
def test_a_problem_document_is_reported_in_one_line(
    status: int, body: bytes, message: str, code: int
) -> None:
    error = problem(status, body)

    assert message in str(error)
    assert error.code == code


def test_an_address_that_does_not_answer_is_reported(api: Api, server: Server) -> None:
    silent = Api(
        Stack(
            "handover",
            None,
            {"ApiUrl": "http://127.0.0.1:9", "UserPoolId": "pool", "UserPoolClientId": "client"},
        )
    )

    with pytest.raises(CommandError, match=r"http://127\.0\.0\.1:9/imports does not answer"):
        silent.post("imports", body={})
