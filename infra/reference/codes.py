"""The tables of codes: what each means, what to do, and which function gives it."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import handover
from handover.codes import FILE_CODES, LINE_CODES, WARNING_CODES, Code, CodeKind

from infra.reference.tables import table

PACKAGE = Path(handover.__file__).parent
# Which argument of which constructor is a code, and what it is about.
_CONSTRUCTORS = {
    "Rejection": (2, CodeKind.LINE),
    "Refusal": (0, CodeKind.FILE),
    "RefusedError": (0, CodeKind.FILE),
    "FileWarning": (0, CodeKind.WARNING),
}


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a code is given: a module of the package and the function in it."""

    module: str
    function: str

    def __str__(self) -> str:
        return f"`{self.module.replace('.', '/')}.py`: `{self.function}`"


def places() -> Mapping[tuple[CodeKind, str], tuple[Place, ...]]:
    """Each kind and code that the package gives, with the places that give it, in order.

    Raises LookupError for a code that is neither a text, nor a constant, nor taken from another
    refusal, rejection or warning: no list could contain such a code.
    """
    found: dict[tuple[CodeKind, str], set[Place]] = defaultdict(set)
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for function, call in _calls(ast.parse(path.read_text(encoding="utf-8"))):
            for kind, code in _codes_of(module, call):
                found[kind, code].add(Place(module, function))
    return {key: tuple(sorted(found[key])) for key in sorted(found)}


def _calls(tree: ast.AST, function: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Every constructor call and every use of a constant of `handover.codes`, with its function."""
    for node in ast.iter_child_nodes(tree):
        within = node.name if isinstance(node, ast.FunctionDef) else function
        if isinstance(node, ast.Call) or (isinstance(node, ast.Name) and function):
            yield within, node
        yield from _calls(node, within)


def _codes_of(module: str, node: ast.AST) -> Iterator[tuple[CodeKind, str]]:
    if isinstance(node, ast.Name):
        if node.id == "NOT_PROCESSED" and isinstance(node.ctx, ast.Load):
            yield CodeKind.LINE, node.id
        return
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return
    name = node.func.id
    if name not in _CONSTRUCTORS:
        return
    place, kind = _CONSTRUCTORS[name]
    named = [word.value for word in node.keywords if word.arg == "code"]
    code = named[0] if named else node.args[place]
    match code:
        case ast.Constant(value=str() as text):
            yield kind, text
        case ast.Name(id="code") | ast.Attribute(attr="code"):
            return  # taken over from another one
        case ast.Subscript(slice=ast.Constant(value="code")):
            return  # read back from where it was stored
        case ast.Name(id=constant):
            yield kind, getattr(import_module(f"handover.{module}"), constant)
        case _:
            raise LookupError(f"{module}, line {node.lineno}: no list can know this code")


def lines_table() -> str:
    """The codes of rejected lines."""
    return _table(LINE_CODES)


def files_table() -> str:
    """The codes of refused files."""
    return _table(FILE_CODES)


def warnings_table() -> str:
    """The codes of warnings."""
    return _table(WARNING_CODES)


def rules_table() -> str:
    """For each code of a line, the functions that give it."""
    given = places()
    rows = (
        (f"`{code.name}`", ", ".join(map(str, given.get((code.kind, code.name), ()))))
        for code in LINE_CODES
    )
    return table(("code of a line", "given in `layers/handover/handover/`"), rows)


def _table(codes: tuple[Code, ...]) -> str:
    rows = ((f"`{code.name}`", code.meaning, code.remedy) for code in codes)
    return table(("code", "what it means", "what to do"), rows)
