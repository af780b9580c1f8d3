"""Every small change of a module's syntax that tests should find: one place, another text.

Docstrings, annotations, log calls, f-strings and texts with spaces, which people read, are left
out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HANDOVER = Path(__file__).parents[2] / "layers/handover/handover"
FOLDERS = (
    "rules",
    "profiles",
    "reading",
    "reports",
    "store",
    "access",
    "pipeline",
    "jobs",
    "use_cases",
    "http",
)

CODECS = frozenset({"ascii", "utf-16-be", "utf-16-le", "utf-8", "utf-8-sig", "windows-1252"})
COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
UNTOLD = frozenset({"logger", "TypeVar", "cast"})
# Arguments for people, and those that only guard against other defects: `strict` of `zip` and
# `csv`, and `frozen` and `slots`, which mypy checks.
PASSED_OVER = frozenset({"summary", "description", "strict", "frozen", "slots"})


@dataclass(frozen=True, slots=True)
class Mutation:
    """A change of the bytes `start` to `end` of a module, from `old` to `new`.

    `module` is its path below the package, `scope` the function or class around the place, ""
    for the module itself. `nth` distinguishes equal changes in one scope.
    """

    module: str
    scope: str
    kind: str
    old: str
    new: str
    nth: int
    line: int
    start: int
    end: int

    @property
    def name(self) -> tuple[str, str, str, str, int]:
        """A name that stays the same when lines move."""
        return self.module, self.scope, self.old, self.new, self.nth

    def applied(self) -> str:
        """The module's source with the change."""
        source = (HANDOVER / self.module).read_bytes()
        return (source[: self.start] + self.new.encode() + source[self.end :]).decode()


def all_mutations() -> list[Mutation]:
    """Every change of every module of FOLDERS, in their order."""
    paths = (path for folder in FOLDERS for path in sorted((HANDOVER / folder).rglob("*.py")))
    return [one for path in paths for one in mutations_of(path.relative_to(HANDOVER).as_posix())]


@cache
def mutations_of(module: str) -> tuple[Mutation, ...]:
    """Every change of one module, by place."""
    source = (HANDOVER / module).read_bytes()
    begins = [0]
    for line in source.splitlines(keepends=True):
        begins.append(begins[-1] + len(line))
    found: list[Mutation] = []
    seen: dict[tuple[str, str, str], int] = {}
    for scope, node, kind, new in _Walk().changes(ast.parse(source)):
        start = begins[node.lineno - 1] + node.col_offset
        end = begins[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        old = ast.unparse(node)
        nth = seen[scope, old, new] = seen.get((scope, old, new), 0) + 1
        found.append(Mutation(module, scope, kind, old, new, nth, node.lineno, start, end))
    return tuple(found)


Change = tuple[str, ast.expr | ast.stmt, str, str]


class _Walk:
    """The changes below a node, each with its scope, the node it replaces, its kind and text."""

    def changes(self, tree: ast.Module) -> Iterator[Change]:
        yield from self._body(tree, "")

    def _body(self, node: ast.AST, scope: str) -> Iterator[Change]:
        for child in ast.iter_child_nodes(node):
            if not _is_left_alone(node, child):
                yield from self._node(child, scope)

    def _node(self, node: ast.AST, scope: str) -> Iterator[Change]:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            scope = f"{scope}.{node.name}" if scope else node.name
        if isinstance(node, ast.stmt):
            for kind, place, new in _of_statement(node):
                yield scope, place, kind, new
        elif isinstance(node, ast.expr):
            for kind, new in _of_expression(node):
                yield scope, node, kind, new
        elif isinstance(node, ast.comprehension):
            for test in node.ifs:
                yield scope, test, "condition always true", "True"
        yield from self._body(node, scope)


def _is_left_alone(parent: ast.AST, child: ast.AST) -> bool:
    match parent, child:
        case ast.FunctionDef(returns=returns), _ if child is returns:
            return True
        case (ast.arg() | ast.AnnAssign(), _) if child is getattr(parent, "annotation", None):
            return True
        case _, ast.Expr(value=ast.Constant()) | ast.JoinedStr() | ast.Import() | ast.ImportFrom():
            return True
        case _, ast.Expr(value=ast.Call() as call) | (ast.Call() as call):
            return isinstance(root := _root(call.func), ast.Name) and root.id in UNTOLD
        case _, ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case _, ast.Assign(targets=[ast.Name(id="__all__")]):
            # The linter checks that the names exist.
            return True
        case ast.Call(func=ast.Name(id="zip")), ast.keyword(value=ast.Constant(value=True)):
            # As PASSED_OVER says of the argument: it only guards against another defect.
            return True
        case _, ast.Raise():
            # Its message is for people; the raise itself is another change.
            return True
    return False


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node


def _of_statement(node: ast.stmt) -> Iterator[tuple[str, ast.expr | ast.stmt, str]]:
    match node:
        case ast.If(test=test):
            yield "condition always true", test, "True"
            yield "condition always false", test, "False"
        case ast.While(test=test) if not isinstance(test, ast.Constant):
            yield "condition always false", test, "False"
        case ast.Return(value=ast.expr() as value) if not _is_none(value):
            yield "return changed", value, "None"
        case ast.Expr(value=ast.Call()) | ast.AugAssign():
            yield "statement removed", node, "pass"
        case ast.Continue():
            yield "statement removed", node, "break"
        case ast.FunctionDef(body=body):
            for inner in body:
                if isinstance(inner, ast.If) and isinstance(inner.body[-1], ast.Raise):
                    yield "statement removed", inner.body[-1], "pass"


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _of_expression(node: ast.expr) -> Iterator[tuple[str, str]]:
    match node:
        case ast.Compare(ops=ops):
            for place, operator in enumerate(ops):
                for other in COMPARED[type(operator)]:
                    changed = deepcopy(node)
                    changed.ops[place] = other()
                    yield "comparison flipped", _text(changed)
        case ast.BoolOp(op=operator, values=values):
            joined: ast.boolop = ast.Or() if isinstance(operator, ast.And) else ast.And()
            yield "and, or exchanged", _text(ast.BoolOp(joined, values))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "negation removed", _text(operand)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in COMPUTED:
            yield "operator changed", _text(ast.BinOp(left, COMPUTED[type(operator)](), right))
        case ast.IfExp(body=body, orelse=orelse):
            yield "branch removed", _text(body)
            yield "branch removed", _text(orelse)
        case ast.Call(keywords=[*_, ast.keyword(arg=str())]):
            yield from _with_fewer_arguments(node)
        case ast.Constant():
            yield from _of_constant(node.value)


def _with_fewer_arguments(node: ast.Call) -> Iterator[tuple[str, str]]:
    for place, keyword in enumerate(node.keywords):
        if keyword.arg is not None and keyword.arg not in PASSED_OVER:
            changed = deepcopy(node)
            del changed.keywords[place]
            yield "argument dropped", _text(changed)


def _of_constant(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, bool):
        yield "boolean negated", str(not value)
    elif isinstance(value, int):
        yield "constant off by one", f"({value + 1})"
        yield "constant off by one", f"({value - 1})"
    elif isinstance(value, float):
        yield "constant off by one", f"({value + 1!r})"
    elif isinstance(value, str) and " " not in value.strip():
        # Python ignores signs in the name of a codec.
        yield "string changed", f"({value + ('x' if value in CODECS else '~')!r})"


def _text(node: ast.expr) -> str:
    return f"({ast.unparse(node)})"
