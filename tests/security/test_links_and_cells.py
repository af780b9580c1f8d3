"""Everything that leaves the system: links, cells of files, subjects and texts of notifications."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.kit.cast import (
    INSIDERS,
    NEAR,
    OFFICE,
    OTHER_ACCOUNT,
    OTHER_SALES,
    OTHERS_WORDS,
    OWN,
    OWN_PRINCIPAL,
    SALES,
    World,
)
from tests.kit.memory_aws import ObjectCreated
from tests.kit.pipeline import file_of

# Characters that begin a formula in a spreadsheet, and those that hide one.
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")
FORMULAS = (
    "=1+1",
    '=HYPERLINK("http://evil.example","x")',
    "=cmd|' /C calc'!A0",
    "+SUM(1)",
    "-1+1",
    "@SUM(1)",
    "|calc",
    "%0A=1",
    "'=1+1",
    "''=1+1",
    "\t=1+1",
    "\x0b=1+1",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1",
    "\uff20SUM(1)",
)


def refusals(world: World, *lines: tuple[str, str]) -> list[dict[str, str]]:
    """The rows of errors.csv for a file with these lines."""
    created = world.uploaded(INSIDERS[0], OWN, file_of(lines))
    world.pipeline.run(created)
    return world.pipeline.table(created, "errors.csv")


# Lines


def test_a_user_of_another_tenant_is_rejected_as_unknown(world: World) -> None:
    there, nowhere = refusals(
        world, ("K001", OTHER_SALES.email), ("K002", "anybody.atall@elsewhere.example")
    )

    assert there["code"] == nowhere["code"] == "USER_NOT_FOUND"
    assert there["error"] == nowhere["error"]
    assert there["hint"].replace(OTHER_SALES.email, "X").replace("line 2", "line 3") == nowhere[
        "hint"
    ].replace("anybody.atall@elsewhere.example", "X")


@pytest.mark.parametrize(
    "typo",
    [
        NEAR.email.replace("quist", "quis"),
        OTHER_SALES.email.replace("brandt", "brand"),
        OTHER_SALES.email,
        NEAR.email,
    ],
)
def test_no_address_of_another_tenant_is_suggested(world: World, typo: str) -> None:
    (row,) = refusals(world, ("K001", typo))

    assert row["code"] == "USER_NOT_FOUND"
    text = f"{row['error']} {row['hint']}".replace(typo, "")
    assert "did you mean" not in text
    assert not [word for word in OTHERS_WORDS if word in text.lower()]


def test_an_own_address_is_suggested_even_if_another_tenant_has_a_more_similar_one(
    world: World,
) -> None:
    """`petra.quist` belongs to the other tenant; only Sam is similar in the own tenant."""
    (row,) = refusals(world, ("K001", SALES.email.replace("sam", "sm")))

    assert f"did you mean {SALES.email}?" in row["hint"]


def test_an_account_of_another_tenant_is_rejected_as_unknown(world: World) -> None:
    there, nowhere = refusals(world, (OTHER_ACCOUNT, SALES.email), ("NOIR-78", SALES.email))

    assert there["code"] == nowhere["code"] == "ACCOUNT_NOT_FOUND"
    assert (there["error"], there["hint"]) == (nowhere["error"], nowhere["hint"])


@pytest.mark.parametrize("account", [f"umbra#{OTHER_ACCOUNT}", f"#{OTHER_ACCOUNT}", "umbra#K000"])
def test_no_cell_reaches_the_keys_of_another_tenant(world: World, account: str) -> None:
    (row,) = refusals(world, (account, SALES.email))

    assert row["code"] == "ACCOUNT_NOT_FOUND"


# Cells


def cells(world: World, created: ObjectCreated, name: str) -> list[list[str]]:
    """The rows of a file in the report bucket, as a spreadsheet reads them."""
    body = world.pipeline.file(created, name)
    assert body is not None
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("name", ["errors.csv", "results.csv"])
@pytest.mark.parametrize("place", ["account", "manager", "column", "label"])
def test_no_cell_of_a_report_runs_in_a_spreadsheet(world: World, place: str, name: str) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    label = FORMULAS[2] if place == "label" else "note"
    writer.writerow(["account ID", "account Manager", label])
    for number, formula in enumerate(FORMULAS):
        given = {
            "account": f"X{number}",
            "manager": "nobody",
            "column": "x",
            place: formula,
        }
        writer.writerow([given["account"], given["manager"], given["column"]])
    created = world.uploaded(INSIDERS[0], OWN, text.getvalue().encode())

    world.pipeline.run(created)

    rows = cells(world, created, name)
    assert len(rows) > len(FORMULAS) - 2
    assert not [cell for row in rows for cell in row if cell.startswith(STARTS)]
    assert not [
        cell
        for row in rows
        for cell in row
        if any(unicodedata.category(c) == "Cc" and c not in "\t\r\n" for c in cell)
    ]


# Notifications

NASTY_NAMES = (
    "a.csv\r\nSubject: You have won",
    "a\nBcc: all@lumina.example\n\nClick http://evil.example",
    "\u2028done\u2029: all lines\x00\x1b[31m",
    "\u202evsc.exe",
    "x" * 1000,
    '" is done. No line has errors. "',
)


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_a_file_name_cannot_forge_text_of_a_notification(world: World, name: str) -> None:
    created = world.pipeline.put(
        f"drop/{OWN}/erp/{name}", file_of([("none", "x")]), principal=OWN_PRINCIPAL
    )

    world.pipeline.run(created)

    (notification,) = world.pipeline.memory.sns.published
    bodies = json.loads(notification.message)
    assert notification.subject is not None
    assert len(notification.subject) < 100
    assert notification.subject.isascii()
    assert notification.subject.isprintable()
    assert notification.subject.startswith("Import error: ")
    assert notification.subject.endswith("(1 line, 0 changed, 1 with errors)")
    plain = bodies["default"]
    assert not [c for c in plain if unicodedata.category(c) in ("Cc", "Cf") and c != "\n"]
    # The name of a file stays within one line, in quotes that it cannot close.
    assert plain.splitlines()[0].startswith('The import of "')
    assert plain.splitlines()[0].count('"') == 2
    assert "ended with errors: 1 of 1 line" in plain.splitlines()[0]
    assert not [line for line in plain.splitlines() if line.startswith(("Bcc", "Subject", "Click"))]
    assert json.loads(bodies["sqs"])["dedupe_id"] == (
        f"import-finished/{world.pipeline.item(created).pk}"
    )
    for attribute in notification.attributes.values():
        assert attribute["StringValue"].isprintable()


def test_a_notification_has_no_signed_link(world: World) -> None:
    created = world.uploaded(INSIDERS[1], OWN, file_of([("none", "x")]))

    world.pipeline.run(created)

    (notification,) = world.pipeline.memory.sns.published
    everything = f"{notification.subject}{notification.message}{notification.attributes}"
    # The console requires a sign-in of everybody who follows the link.
    link = (
        f"{world.pipeline.resources.console_url}console/imports/{world.pipeline.item(created).pk}"
    )
    assert link in everything
    everything = everything.replace(link, "")
    for sign in ("X-Amz-", "Signature", "http://", "https://", "AWSAccessKeyId"):
        assert sign not in everything
    assert set(re.findall(r"[\w.]+@[\w.]+", everything)) == {OFFICE.email}


# Links


@pytest.mark.parametrize(
    "filename",
    [
        "managers.csv",
        'a";filename="b.exe',
        "a%0d%0aSet-Cookie: x=1.csv",
        "\u202egnp.csv",
        "..\\..\\x.csv",
        "=cmd.csv",
        "\u00e9t\u00e9 \U0001f600.csv",
        "-rf.csv",
        ".htaccess",
    ],
)
@pytest.mark.parametrize(("path", "kind"), [("report", "errors"), ("results", "results")])
def test_a_download_is_a_short_lived_file_to_save(
    world: World, filename: str, path: str, kind: str
) -> None:
    admin = INSIDERS[0]
    expected = {"profile": "single-strict", "filename": filename}
    ticket = world.ask(admin, "POST", "/imports", expected).body["import_ticket"]
    world.pipeline.run(world.pipeline.put(f"in/{OWN}/{ticket}.csv", file_of([("none", "x")])))

    answer = world.ask(admin, "GET", f"/imports/{ticket}/{path}")

    link = urlsplit(answer.headers["location"])
    query = {name: values[0] for name, values in parse_qs(link.query).items()}
    assert answer.text == ""
    assert link.path.startswith(f"/{world.pipeline.resources.reports_bucket}/{OWN}/")
    assert int(query["X-Amz-Expires"]) <= 300
    assert query["response-content-type"] == "text/csv; charset=utf-8"
    kind_of, _, name = query["response-content-disposition"].partition("; filename=")
    assert kind_of == "attachment"
    assert name.startswith('"')
    assert name.endswith(f'-{kind}.csv"')
    plain = name[1:-1]
    assert plain.isascii()
    assert plain.replace("-", "").replace("_", "").replace(".", "").isalnum()
    assert not plain.startswith(("-", "."))
