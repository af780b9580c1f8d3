"""Which of botocore's data the layer leaves out, and that nothing else is missing."""

from __future__ import annotations

import shutil
import ssl
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from slim import AUTHORITIES, of_authorities, of_services, slim, without_documentation

from infra.local.package import SERVICES

BOTOCORE = Path(botocore.__file__).parent


@pytest.fixture(scope="module")
def slimmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Botocore's data of our services, slimmed twice."""
    packages = tmp_path_factory.mktemp("packages")
    for service in SERVICES:
        place = f"botocore/data/{service}"
        shutil.copytree(BOTOCORE.parent / place, packages / place)
    shutil.copy(BOTOCORE / "data" / "endpoints.json", packages / "botocore" / "data")
    shutil.copy(BOTOCORE / "cacert.pem", packages / "botocore")
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


def test_a_file_of_the_installers_cache_stays_as_it_is(slimmed: Path) -> None:
    linked = (slimmed.parent / "linked.pem").read_bytes()

    assert linked == (BOTOCORE / "cacert.pem").read_bytes()


def test_a_file_without_one_of_the_authorities_is_an_error() -> None:
    with pytest.raises(ValueError, match="Starfield"):
        of_authorities('# Label: "Amazon Root CA 1"\n-----END CERTIFICATE-----\n')
