"""What a workbook holds: its sheets in their order, and the parts that belong to them.

Parts are found by the relations of the package, which ECMA-376 part 2 defines. Relations that lead
out of the package are not followed.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from msgspec import Struct

from handover.errors import RefusedError
from handover.workbooks import xml
from handover.workbooks.limits import MAX_SHEETS
from handover.workbooks.package import Package
from handover.workbooks.refusals import damaged, too_large
from handover.workbooks.xml import Attributes, attribute, is_true


class Sheet(Struct, frozen=True):
    """A worksheet: its name, its part, and whether people can see it."""

    name: str
    part: str
    is_hidden: bool


class Contents(Struct, frozen=True):
    """The worksheets in their order, and what applies to all of them.

    `strings` and `styles` are names of parts, None where the workbook has none. `is_stale`: the
    workbook asks for its formulas to be calculated, so their saved results cannot be trusted.
    """

    sheets: tuple[Sheet, ...]
    strings: str | None
    styles: str | None
    is_1904: bool
    is_stale: bool


class _Relation(Struct, frozen=True):
    kind: str
    part: str


def read_contents(package: Package) -> Contents:
    """The contents of a workbook. Raises RefusedError for any other file."""
    main = _main_part(package)
    book = _Book()
    xml.run(package.small(main), book)
    if book.root != "workbook":
        raise _no_workbook(main)
    relations = _relations(package, main)
    sheets = []
    for name, identifier, is_hidden in book.sheets:
        relation = relations.get(identifier)
        if relation is None:
            raise damaged(f"the sheet {name[:60]!r} has no part")
        if relation.kind == "worksheet":
            sheets.append(Sheet(name, relation.part, is_hidden))
    parts = {relation.kind: relation.part for relation in relations.values()}
    return Contents(
        tuple(sheets), parts.get("sharedStrings"), parts.get("styles"), book.is_1904, book.is_stale
    )


def _main_part(package: Package) -> str:
    relations = _relations(package, "")
    main = next((one.part for one in relations.values() if one.kind == "officeDocument"), None)
    if main is None:
        raise damaged("it has no sheets")
    if main.casefold().endswith(".bin"):
        raise RefusedError(
            "NOT_CSV",
            "the file is a binary Excel workbook (.xlsb): save it as an Excel workbook (.xlsx) or "
            "as CSV",
        )
    return main


def _no_workbook(main: str) -> RefusedError:
    kind = {"word": "a Word document", "ppt": "a presentation"}.get(main.partition("/")[0])
    return RefusedError(
        "NOT_CSV",
        f"the file is no workbook, it looks like {kind or 'another Office document'}: "
        "upload an Excel workbook (.xlsx) or a CSV file",
    )


def _relations(package: Package, part: str) -> Mapping[str, _Relation]:
    """The relations of a part by their ids, "" for those of the package."""
    folder, name = posixpath.split(part)
    found = _Relations(folder)
    xml.run(package.small(posixpath.join(folder, "_rels", f"{name}.rels")), found)
    return found.relations


class _Relations:
    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.relations: dict[str, _Relation] = {}

    def start(self, name: str, attributes: Attributes) -> None:
        if name != "Relationship" or attributes.get("TargetMode") == "External":
            return
        target = attributes.get("Target", "")
        path = posixpath.normpath(posixpath.join("/", self._folder, target))
        kind = attributes.get("Type", "").rpartition("/")[2]
        self.relations[attributes.get("Id", "")] = _Relation(kind, path.lstrip("/"))

    def end(self, name: str) -> None:
        """Does nothing: attributes hold the whole relation."""

    def text(self, text: str) -> None:
        """Does nothing: a relation has no text."""


class _Book:
    """Collects each sheet's name, relation and visibility from the workbook part."""

    def __init__(self) -> None:
        self.root = ""
        self.sheets: list[tuple[str, str, bool]] = []
        self.is_1904 = False
        self.is_stale = False

    def start(self, name: str, attributes: Attributes) -> None:
        if not self.root:
            self.root = name
        elif name == "sheet":
            is_hidden = attributes.get("state", "visible") != "visible"
            self.sheets.append(
                (attributes.get("name", ""), attribute(attributes, "id") or "", is_hidden)
            )
            if len(self.sheets) > MAX_SHEETS:
                raise too_large(f"the workbook has more than {MAX_SHEETS:,} sheets")
        elif name == "workbookPr":
            self.is_1904 = is_true(attributes.get("date1904"))
        elif name == "calcPr":
            self.is_stale = is_true(attributes.get("fullCalcOnLoad"))

    def end(self, name: str) -> None:
        """Does nothing: attributes hold everything about a sheet."""

    def text(self, text: str) -> None:
        """Does nothing: the part has no text that matters."""
