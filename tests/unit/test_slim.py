"""Which of botocore's data the layer leaves out, and that nothing else is missing."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import botocore
import botocore.session
import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from slim import (
    AUTHORITIES,
    _empty_docstrings,
    of_authorities,
    of_services,
    slim,
    without_documentation,
)

from infra.local.package import SERVICES

BOTOCORE = Path(botocore.__file__).parent
CLIENT = """
import json, sys
sys.path.insert(0, sys.argv[1])
from botocore.session import get_session
client = get_session().create_client("dynamodb", "us-east-1")
pages, waiter = client.get_paginator("query"), client.get_waiter("table_exists")
print(json.dumps({
    "methods": sorted(name for name in dir(client) if not name.startswith("_")),
    "docs": [str(one.__doc__) for one in (client.query, pages.paginate, waiter.wait)],
    "modules": sorted(name for name in sys.modules if name.startswith("botocore.docs")),
}))
"""


@pytest.fixture(scope="module")
def slimmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Botocore's data of our services, slimmed twice."""
    packages = tmp_path_factory.mktemp("packages")
    for service in SERVICES:
        place = f"botocore/data/{service}"
        shutil.copytree(BOTOCORE.parent / place, packages / place)
    for general in (BOTOCORE / "data").glob("*.json*"):
        shutil.copy(general, packages / "botocore" / "data")
    shutil.copy(BOTOCORE / "cacert.pem", packages / "botocore")
    for module in BOTOCORE.glob("*.py"):
        shutil.copy(module, packages / "botocore")
    for code in ("docs", "auth", "crt", "retries", "vendored"):
        if (BOTOCORE / code).exists():
            shutil.copytree(BOTOCORE / code, packages / "botocore" / code)
    # An installer links files from its cache, which other environments share.
    (packages / "linked.pem").hardlink_to(packages / "botocore" / "cacert.pem")
    for _ in range(2):
        slim(packages, SERVICES)
    return packages / "botocore"


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_slimmed_service_lacks_only_its_documentation(slimmed: Path, service: str) -> None:
    whole = Loader().load_service_model(service, "service-2")
    loader = Loader([str(slimmed / "data")], include_default_search_paths=False)
    found = loader.load_service_model(service, "service-2")
    rules = loader.load_service_model(service, "endpoint-rule-set-1")

    assert found == without_documentation(whole)
    described = ServiceModel(found, service)
    assert described.operation_names
    assert len(described.client_context_parameters) == len(whole.get("clientContextParams", ()))
    assert rules == without_documentation(
        Loader().load_service_model(service, "endpoint-rule-set-1")
    )


def test_only_documentation_texts_are_emptied_and_not_members_of_that_name() -> None:
    model = {
        "documentation": "text",
        "members": {"documentation": {"shape": "Text", "documentation": "text"}},
        "list": [{"documentation": "text", "name": "a"}],
    }

    assert without_documentation(model) == {
        "documentation": "",
        "members": {"documentation": {"shape": "Text", "documentation": ""}},
        "list": [{"documentation": "", "name": "a"}],
    }


def test_all_regions_stay_and_only_our_services() -> None:
    endpoints = {
        "partitions": [{"regions": {"eu-1": {}}, "services": {"s3": {"a": 1}, "ec2": {}}}],
        "version": 3,
    }

    assert of_services(endpoints, {"s3"}) == {
        "partitions": [{"regions": {"eu-1": {}}, "services": {"s3": {"a": 1}}}],
        "version": 3,
    }


def test_the_certificates_that_aws_signs_with_stay(slimmed: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(slimmed / "cacert.pem")
    subjects: list[Any] = [one["subject"] for one in context.get_ca_certs()]
    owners = [
        value
        for subject in subjects
        for part in subject
        for name, value in part
        if name == "organizationName"
    ]

    assert {owner.split()[0] for owner in owners} == set(AUTHORITIES)
    assert owners.count("Amazon") == 4
    assert len(owners) < 20


def test_clients_without_docstrings_have_all_methods_and_import_nothing_that_writes_them(
    slimmed: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, str(slimmed.parent)],
        capture_output=True,
        text=True,
        check=True,
    )

    whole = botocore.session.get_session().create_client("dynamodb", "us-east-1")
    expected = sorted(name for name in dir(whole) if not name.startswith("_"))
    assert json.loads(done.stdout) == {
        "methods": expected,
        "docs": ["", "", ""],
        "modules": ["botocore.docs", "botocore.docs.docstring", "botocore.docs.utils"],
    }


def test_an_import_of_botocore_docs_that_is_not_known_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "client.py").write_text("from botocore.docs.method import document\n")

    with pytest.raises(ValueError, match=r"found imports of \[.method.\]"):
        _empty_docstrings(tmp_path)


def test_a_file_of_the_installers_cache_stays_as_it_is(slimmed: Path) -> None:
    linked = (slimmed.parent / "linked.pem").read_bytes()

    assert linked == (BOTOCORE / "cacert.pem").read_bytes()


def test_a_file_without_one_of_the_authorities_is_an_error() -> None:
    with pytest.raises(ValueError, match="Starfield"):
        of_authorities('# Label: "Amazon Root CA 1"\n-----END CERTIFICATE-----\n')
