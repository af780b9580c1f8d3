"""The table itself: it uses no code, repeats no row, and is as large as claimed."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.rights import table
from tests.rights.reading import rows
from tests.rights.test_opco import CASES
from tests.rights.test_routes import is_about_a_thing
from tests.rights.world import PEOPLE


def test_the_table_uses_no_code_at_all() -> None:
    tree = ast.parse(Path(table.__file__).read_text())
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]

    assert [ast.unparse(node) for node in imported] == []


def test_no_two_rows_answer_the_same_question() -> None:
    for text, columns in (
        (table.ROUTES, ("method", "path", "body")),
        (table.PROFILES, ("profile", "state")),
        (table.OPCO, ("user", "account", "setting", "profile")),
        (table.SOURCES, ("profile", "state", "right")),
    ):
        keys = [tuple(row[column] for column in columns) for row in rows(text)]
        assert len(keys) == len(set(keys))


def test_the_functions_get_at_least_two_thousand_requests() -> None:
    routes = rows(table.ROUTES)
    of_routes = len(routes) * (len(PEOPLE) + len(rows(table.OUTSIDERS)))
    of_others = sum(len(PEOPLE) for row in routes if is_about_a_thing(row))
    of_profiles = len(rows(table.PROFILES)) * len(rows(table.PROFILE_ACTIONS)) * len(PEOPLE)
    of_roles = len(rows(table.ASSIGNED_BY)) * len(rows(table.ROLE_ACTIONS)) * len(PEOPLE)
    of_sources = len(rows(table.SOURCES)) * 3 * len(rows(table.WRITERS))

    assert of_routes + of_others + of_profiles + of_roles + of_sources + len(CASES) >= 3000
