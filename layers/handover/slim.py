"""Makes small what botocore reads at each cold start: `python slim.py PACKAGES SERVICE...`.

Run by both builds of the layer (the Makefile beside it, infra/local/package.py) once the packages
are installed; it does not ship. Botocore parses the models of the services that it makes clients
for, most of which is documentation, and a list of the endpoints of all 400 services. And each
connection, not each client, parses all certificates again that botocore trusts: 126 take as long
as a TLS handshake. AWS signs with those of Amazon, which Starfield has signed, and with those of
DigiCert; AWS_CA_BUNDLE names another file for whom a proxy needs one. Last, botocore imports what
writes the docstrings of its clients, an HTML parser included: a twelfth of a function's import.

https://www.amazontrust.com/repository/
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

AUTHORITIES = ("Amazon", "DigiCert", "Starfield")
_LABEL = re.compile(r'^# Label: "(.+)"$', re.MULTILINE)
_END = "-----END CERTIFICATE-----\n"
# Handlers of botocore use functions of `utils`; of `docstring` its clients only make objects.
_DOCSTRING, _UTILS = "docstring", "utils"
_DOCS = re.compile(r"^from botocore\.docs\.(\w+) import (\([^)]*\)|.+)$", re.MULTILINE)
_EMPTY = """

class {name}(str):
    __slots__ = ()

    def __new__(cls, *_args, **_more):
        return super().__new__(cls)
"""


def slim(packages: Path, services: Collection[str]) -> None:
    """Rewrites botocore's data of these services; done twice, it changes nothing."""
    data = packages / "botocore" / "data"
    for service in services:
        for path in (data / service).glob("*/*.json.gz"):
            model = json.loads(gzip.decompress(path.read_bytes()))
            _store(path.with_suffix(""), _json(without_documentation(model)))
            path.unlink()
    endpoints = data / "endpoints.json"
    _store(endpoints, _json(of_services(json.loads(endpoints.read_bytes()), services)))
    certificates = packages / "botocore" / "cacert.pem"
    _store(certificates, of_authorities(certificates.read_text(encoding="utf-8")))
    _empty_docstrings(packages / "botocore")


def without_documentation(model: Any) -> Any:
    """The model with empty texts, as botocore expects them; a member of that name is no text."""
    if isinstance(model, dict):
        return {
            name: ""
            if name == "documentation" and isinstance(value, str)
            else without_documentation(value)
            for name, value in model.items()
        }
    if isinstance(model, list):
        return [without_documentation(value) for value in model]
    return model


def of_services(endpoints: Any, services: Collection[str]) -> Any:
    """The partitions with all Regions, and the endpoints of these services alone."""
    partitions = [
        partition
        | {
            "services": {
                name: one for name, one in partition["services"].items() if name in services
            }
        }
        for partition in endpoints["partitions"]
    ]
    return endpoints | {"partitions": partitions}


def of_authorities(certificates: str) -> str:
    """The certificates of the authorities that AWS uses, each with its description.

    Raises ValueError when one of them has none: then the file has another form than expected.
    """
    kept, found = [], set()
    for described in certificates.split(_END)[:-1]:
        label = _LABEL.search(described)
        name = label[1].split()[0] if label else ""
        if name in AUTHORITIES:
            found.add(name)
            kept.append(described + _END)
    if len(found) < len(AUTHORITIES):
        raise ValueError(f"cacert.pem: found {sorted(found)}, expected {', '.join(AUTHORITIES)}")
    return "".join(kept)


def _empty_docstrings(botocore: Path) -> None:
    """Keeps of `botocore.docs` only what the rest of botocore imports, and empties docstrings.

    Raises ValueError when botocore imports something else of it than expected.
    """
    docs = botocore / "docs"
    modules = {one: one.read_text(encoding="utf-8") for one in botocore.glob("*.py")}
    imported = [found for text in modules.values() for found in _DOCS.findall(text)]
    unknown = {module for module, _ in imported} - {_DOCSTRING, _UTILS}
    if unknown:
        raise ValueError(f"botocore.docs: found imports of {sorted(unknown)}, expected none")
    names = {
        name
        for module, text in imported
        if module == _DOCSTRING
        for name in re.findall(r"\w+", text)
    }
    for path in docs.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.stem != _UTILS:
            path.unlink()
    _store(docs / "__init__.py", "")
    _store(docs / f"{_DOCSTRING}.py", "".join(_EMPTY.format(name=name) for name in sorted(names)))


def _json(content: Any) -> str:
    return json.dumps(content, separators=(",", ":"))


def _store(path: Path, text: str) -> None:
    """Puts a new file in place of what may be a link to a file of the installer's cache."""
    path.unlink(missing_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    slim(Path(sys.argv[1]), sys.argv[2:])
