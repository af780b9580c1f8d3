"""Import: a file, chosen, dropped or made of pasted cells, goes from the browser to S3."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from handover_console.pages.columns import STRAIGHT
from handover_console.rendering import page
from handover_console.visit import Visit
from handover_console.web import Answer

# Without a script, the name of the file is not known before the form is sent.
UNNAMED = "upload.csv"


def show(visit: Visit) -> Answer:
    """The page to drop a file on, with the templates that a person may start from."""
    profiles = [one for one in visit.api.get("profiles") if one["is_on"]]
    return page(visit, "import.html", profiles=profiles)


def prepare(visit: Visit) -> Answer:
    """The form that sends a file to S3 without a script."""
    announced = _announce(visit, visit.request.form.get("filename") or UNNAMED)
    return page(visit, "upload.html", announced=announced)


def ticket(visit: Visit) -> Answer:
    """What the script needs to send a file: the bucket's form, and the page to open afterwards."""
    announced = _announce(visit, visit.request.form.get("filename") or UNNAMED)
    body = {
        "upload": announced["upload"],
        "next": visit.request.link(f"/imports/{announced['import_ticket']}", **{STRAIGHT: "yes"}),
    }
    return Answer(HTTPStatus.CREATED, json.dumps(body), {"content-type": "application/json"})


def _announce(visit: Visit, filename: str) -> Any:
    return visit.api.post("imports", body={"profile": "", "filename": filename, "mode": "preview"})
