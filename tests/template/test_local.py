"""The embedded AWS: its environment, its packages, and its end."""

from __future__ import annotations

import io
import json
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local import LocalStack, api_url, client, emulator, environment, package, stack

LOOK_AROUND = """
import importlib.util, os, sys

def lambda_handler(event, context):
    found = [name for name in event if importlib.util.find_spec(name)]
    return {"found": found, "environment": dict(os.environ)}
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    home = tmp_path_factory.mktemp("home").resolve()
    started = emulator.start(home, port=emulator.choose_port(0), persist=None, auth=False)
    yield LocalStack(started, {}, {})
    emulator.stop(started)


def look_around(running: LocalStack, names: list[str]) -> dict[str, Any]:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", LOOK_AROUND)
    functions = client(running, "lambda")
    functions.create_function(
        FunctionName="look-around",
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/none",
        Handler="app.lambda_handler",
        Code={"ZipFile": code.getvalue()},
    )
    answer = functions.invoke(FunctionName="look-around", Payload=json.dumps(names))
    return dict(json.loads(answer["Payload"].read()))


def test_a_function_sees_neither_our_environment_nor_the_packages_of_the_emulator(
    running: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = look_around(running, ["json", "pytest", "numpy", "boto3", "botocore", "ministack"])

    assert seen["found"] == ["json"]
    assert "VIRTUAL_ENV" not in seen["environment"]
    assert "HOME" not in seen["environment"]


def test_the_emulator_listens_only_on_this_machine(running: LocalStack) -> None:
    with socket.socket() as probe:
        probe.connect(("127.0.0.1", running.emulator.port))
    elsewhere = "127.0.0.2"  # an address on which it would answer if it listened everywhere
    with socket.socket() as probe:
        assert probe.connect_ex((elsewhere, running.emulator.port)) != 0


def test_a_port_in_use_is_refused_with_a_message(running: LocalStack, tmp_path: Path) -> None:
    with pytest.raises(emulator.EmulatorError, match="is taken"):
        emulator.start(tmp_path, port=running.emulator.port, persist=None, auth=False)


def test_stopping_the_emulator_ends_it_and_leaves_nothing_behind(tmp_path: Path) -> None:
    started = emulator.start(tmp_path, port=emulator.choose_port(0), persist=None, auth=False)
    assert emulator.is_running(started)

    emulator.stop(started)
    emulator.stop(started)

    assert not emulator.is_running(started)
    assert [path.name for path in tmp_path.iterdir()] == ["emulator.log"]


def test_another_process_under_its_number_is_not_stopped(tmp_path: Path) -> None:
    one = emulator.Emulator(1, 4566, tmp_path)

    assert not emulator.is_running(one)


def test_without_local_up_there_is_no_stack(tmp_path: Path) -> None:
    assert stack.status(tmp_path) is None
    assert stack.down(tmp_path) is False


def test_the_environment_has_everything_that_a_client_needs(running: LocalStack) -> None:
    assert environment(running) == {
        "AWS_ENDPOINT_URL": running.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "HANDOVER_STACK": "handover",
    }


def test_the_api_is_reached_by_its_id_on_the_embedded_aws_and_by_its_name_on_aws() -> None:
    outputs = {"ApiUrl": "https://abc123.execute-api.us-east-1.amazonaws.com"}

    assert api_url(outputs, None) == outputs["ApiUrl"]
    assert (
        api_url(outputs, "http://127.0.0.1:4566") == "http://127.0.0.1:4566/_aws/execute-api/abc123"
    )


def test_equal_sources_make_equal_archives(tmp_path: Path) -> None:
    template = {
        "Resources": {
            "OneFunction": {
                "Type": "AWS::Serverless::Function",
                "Properties": {"CodeUri": "functions/one"},
            }
        }
    }
    for copy in ("a", "b"):
        folder = tmp_path / copy / "functions" / "one"
        (folder / "__pycache__").mkdir(parents=True)
        (folder / "app.py").write_text("x = 1\n")
        (folder / "__pycache__" / "app.pyc").write_bytes(copy.encode())

    (a,) = package.build(template, tmp_path / "a", tmp_path / "build")
    content = a.path.read_bytes()
    (b,) = package.build(template, tmp_path / "b", tmp_path / "elsewhere")

    assert a.name == b.name
    assert content == b.path.read_bytes()


def test_unused_services_and_tests_are_left_out_of_the_package() -> None:
    assert package.is_needed("botocore/data/dynamodb/2012-08-10/service-2.json.gz")
    assert package.is_needed("botocore/data/endpoints.json")
    assert not package.is_needed("botocore/data/ec2/2016-11-15/service-2.json.gz")
    assert not package.is_needed("numpy/lib/tests/test_io.py")
