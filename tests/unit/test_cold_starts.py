"""What functions must not import: a cold start loads every imported module, needed or not.

The modules are counted, not timed: `make bench` has the seconds. The functions are imported one
after another in one fresh process, the lightest first, so that none is excused by what a later one
needs.
"""

from __future__ import annotations

import ast
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from slim import AUTHORITIES

from infra.local.package import NO_CODE, SERVICES, SLIM, is_needed

ROOT = Path(__file__).parents[2]
LAYERS = ("handover", "numpy", "console", "workbooks")
# Modules that cost more than a tenth of a worker's import, and some that must never be imported.
HEAVY = frozenset(
    {
        "asyncio",
        "aws_lambda_powertools.event_handler",
        "aws_lambda_powertools.event_handler.openapi.models",
        "aws_lambda_powertools.utilities.batch",
        "aws_xray_sdk",
        "boto3",
        "difflib",
        "handover.http.bodies",
        "handover.profiles.matching",
        "handover.store.users",
        "handover.workbooks.conversion",
        "idna",
        "jinja2",
        "multiprocessing",
        "numpy",
        "pydantic",
        "rapidfuzz",
        "s3transfer",
        "xlsxwriter",
    }
)
# The heavy modules that each function loads beyond those before it.
LOADS: Mapping[str, set[str]] = {
    "assign": set(),
    "publish": set(),
    "sweep": set(),
    "finalize": set(),
    "abandon": set(),
    "follow": set(),
    "validate": {"numpy"},
    "api": {
        "asyncio",
        "aws_lambda_powertools.event_handler",
        "handover.profiles.matching",
        "handover.store.users",
        "pydantic",
    },
    "convert": {"handover.workbooks.conversion"},
}
# The tables that a function's modules name without importing them: few of its events use them.
LATER: Mapping[str, set[str]] = {
    "validate": {"portfolios", "user_records"},
    "assign": {"user_records"},
    "finalize": {"audit", "jobs"},
}
NAMED = r"""
import inspect, json, re, sys
import app
from handover.store.tables import Tables
home = r"def (\w+)\(self\) -> \w+:\s+\"{3}.*\"{3}\s+from (\S+) import"
homes = dict(re.findall(home, inspect.getsource(Tables)))
modules = [module for name, module in sys.modules.items() if name.startswith("handover.")]
named = re.findall(r"tables\.(\w+)", "".join(map(inspect.getsource, [app, *modules])))
print(json.dumps([name for name in set(named) & set(homes) if homes[name] not in sys.modules]))
"""
COLLECTING = """
import gc, json
import handover
while_it_imports = gc.isenabled()
import app
then = {"then": gc.isenabled(), "looks at what exists": gc.get_freeze_count() == 0}
print(json.dumps({"while it imports": while_it_imports} | then))
"""
IMPORTING = """
import importlib, json, sys
heavy, names = json.loads(sys.argv[1])
seen = set()
for name in names:
    importlib.import_module(f"functions.{name}.app")
    print(json.dumps(sorted((set(sys.modules) & set(heavy)) - seen)))
    seen |= set(sys.modules) & set(heavy)
"""


def test_functions_import_only_the_heavy_modules_that_they_use() -> None:
    arguments = json.dumps([sorted(HEAVY), list(LOADS)])
    environment = {**os.environ, "POWERTOOLS_METRICS_NAMESPACE": "Handover"}

    done = subprocess.run(
        [sys.executable, "-c", IMPORTING, arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    loaded = dict(zip(LOADS, map(json.loads, done.stdout.splitlines()), strict=True))
    assert loaded == {name: sorted(modules) for name, modules in LOADS.items()}


@pytest.mark.parametrize("name", list(LOADS))
def test_a_function_collects_garbage_once_all_is_imported(name: str) -> None:
    done = _collecting(name, {"AWS_LAMBDA_FUNCTION_NAME": name})

    assert done == {"while it imports": False, "then": True, "looks at what exists": False}


def test_a_program_that_is_no_function_collects_garbage_all_the_time() -> None:
    done = _collecting("assign", {"AWS_LAMBDA_FUNCTION_NAME": ""})

    assert done == {"while it imports": True, "then": True, "looks at what exists": True}


def _collecting(name: str, environment: Mapping[str, str]) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", COLLECTING],
        cwd=ROOT / "functions" / name,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", LATER)
def test_a_function_imports_the_tables_that_its_events_use(name: str) -> None:
    """Otherwise the first event would wait for an import that only seems to be avoided."""
    done = subprocess.run(
        [sys.executable, "-c", NAMED],
        cwd=ROOT / "functions" / name,
        env={**os.environ, "POWERTOOLS_METRICS_NAMESPACE": "Handover"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert set(json.loads(done.stdout)) == LATER[name]


def test_the_shipped_services_are_those_that_clients_use() -> None:
    made = {
        node.args[0].value
        for path in (ROOT / "layers" / "handover" / "handover").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("new_client", "made_within")
        and isinstance(node.args[0], ast.Constant)
    }

    assert made == SERVICES


def test_all_layers_are_built_in_the_same_way() -> None:
    texts = {(ROOT / "layers" / name / "Makefile").read_text(encoding="utf-8") for name in LAYERS}

    assert len(texts) == 1
    assert "Makefile" in NO_CODE


def test_a_layer_ships_what_the_embedded_aws_has_and_nothing_else(tmp_path: Path) -> None:
    nothing = gzip.compress(b"{}")
    files = {
        "botocore/cacert.pem": "".join(
            f'# Label: "{name} Root"\n-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n'
            for name in AUTHORITIES
        ).encode(),
        "botocore/data/endpoints.json": b'{"partitions": []}',
        **{f"botocore/data/{one}/2020-01-01/service-2.json.gz": nothing for one in SERVICES},
        "botocore/data/ec2/2016-11-15/service-2.json.gz": nothing,
        **{f"botocore/docs/{name}.py": b"" for name in ("__init__", "docstring", "utils")},
        "numpy/tests/test_all.py": b"",
        "numpy/core.py": b"",
        "numpy/core.pyi": b"",
    }
    for name, content in files.items():
        path = tmp_path / "python" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    command = ["make", "--silent", "-C", str(ROOT / "layers" / "handover"), "prune"]
    subprocess.run([*command, f"PYTHON={sys.executable}", f"ARTIFACTS_DIR={tmp_path}"], check=True)

    left = {str(one.relative_to(tmp_path / "python")) for one in tmp_path.rglob("*.*")}
    assert {one for one in left if (tmp_path / "python" / one).is_file()} == {
        name.removesuffix(".gz") for name in files if is_needed(name)
    }
    assert {"requirements.txt", SLIM} <= NO_CODE
