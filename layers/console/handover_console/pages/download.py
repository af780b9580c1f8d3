"""Files to download: the reports of an import, and the empty file of a profile."""

from __future__ import annotations

from http import HTTPStatus

from handover_console.visit import Visit
from handover_console.web import Answer, redirect


def report(visit: Visit) -> Answer:
    """Redirects to the lines with errors, as CSV or as a workbook."""
    chosen = "xlsx" if visit.request.query.get("format") == "xlsx" else "csv"
    return redirect(visit.api.location("imports", visit.parts["name"], "report", format=chosen))


def results(visit: Visit) -> Answer:
    """Redirects to every line with its outcome."""
    return redirect(visit.api.location("imports", visit.parts["name"], "results"))


def template(visit: Visit) -> Answer:
    """The header of a profile, as a file to fill in."""
    name = visit.parts["name"]
    body = visit.api.plain("profiles", name, "template")
    plain = "".join(letter for letter in name if letter.isalnum() or letter in "-_")
    headers = {
        "content-type": "text/csv; charset=utf-8",
        "content-disposition": f'attachment; filename="{plain}.csv"',
    }
    return Answer(HTTPStatus.OK, body, headers)
