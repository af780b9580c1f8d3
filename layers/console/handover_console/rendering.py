"""Pages from templates: every value is escaped, every text comes from the catalogue."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from handover_console.texts import label, number, text
from handover_console.visit import Visit
from handover_console.web import Answer

STATIC = Path(__file__).with_name("static")
PENDING = "pending:"
# The API counts what somebody holds up to this number; somebody with so many may hold more.
MAX_HELD = 1000
# The line and the column that a message of the API begins with.
_PLACE = re.compile(r"line \d+(, [^:]{1,200})?: ")
IMMUTABLE = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that browsers may keep for ever: its name changes with its content."""

    name: str
    content_type: str
    data: bytes


@cache
def assets() -> Mapping[str, Asset]:
    """Every file of `static`, by its plain name and by the name that browsers ask for."""
    found = {}
    for path in sorted(STATIC.iterdir()):
        data = path.read_bytes()
        name = f"{path.stem}.{hashlib.sha256(data).hexdigest()[:12]}{path.suffix}"
        kind = mimetypes.types_map.get(path.suffix, "application/octet-stream")
        found[path.name] = found[name] = Asset(name, kind, data)
    return found


def page(visit: Visit, template: str, *, status: int = HTTPStatus.OK, **values: object) -> Answer:
    """The page that a template makes from `values`."""
    body = (
        _environment()
        .get_template(template)
        .render(
            visit=visit,
            person=visit.person,
            link=visit.request.link,
            asset=lambda name: visit.request.link(f"/static/{assets()[name].name}"),
            **values,
        )
    )
    return Answer(status, body)


def asset_answer(name: str, accepted: str) -> Answer | None:
    """The asset under the name that browsers ask for, None if there is none."""
    found = assets().get(name)
    if found is None or found.name != name:
        return None
    headers = {"content-type": found.content_type, "cache-control": IMMUTABLE}
    if "gzip" not in accepted:
        return Answer(HTTPStatus.OK, found.data, headers)
    headers |= {"content-encoding": "gzip", "vary": "accept-encoding"}
    return Answer(HTTPStatus.OK, gzip.compress(found.data, mtime=0), headers)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("handover_console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"t": text, "label": label}
    environment.filters |= {
        "moment": moment,
        "number": number,
        "load": load,
        "people": people,
        "person": person,
        "holder": holder,
        "holders": holders,
        "addresses": addresses,
        "bar": bar,
        "local": local,
        "brief": brief,
        "sentence": sentence,
    }
    return environment


def moment(instant: str | None) -> Markup:
    """A time element: the instant in UTC, which a script turns into the viewer's own zone."""
    if not instant:
        return Markup("")
    when = datetime.fromisoformat(instant).astimezone(UTC)
    return Markup('<time datetime="{0}" title="{1} UTC">{2} UTC</time>').format(
        when.isoformat(), f"{when:%Y-%m-%d %H:%M:%S}", f"{when:%d %b %Y, %H:%M}"
    )


def load(held: int) -> str:
    """How many accounts somebody holds, as the API counts them."""
    return text("people.load.more", n=held) if held >= MAX_HELD else number(held)


def people(held: Iterable[Mapping[str, Any]]) -> str:
    """The names of users, or their addresses if they have no name."""
    return ", ".join(person(one) for one in held) or text("nobody")


def person(one: Mapping[str, Any]) -> str:
    """The name of a user, or the address of a pending one."""
    name = str(one.get("name") or one["user"])
    return text("not_yet", name=name) if one.get("is_pending") else name


def holder(one: Mapping[str, Any]) -> str:
    """The name of somebody who holds an account, or their address."""
    return person({**one, "user": one["email"]})


def holders(held: Iterable[Mapping[str, Any]]) -> str:
    """The names of the holders of an account."""
    return ", ".join(holder(one) for one in held)


def addresses(held: Iterable[str], names: Mapping[str, str]) -> str:
    """The names behind addresses, or the values of a field; an address may wait for its user."""
    return ", ".join(_known_as(one, names) for one in held) or text("nobody")


def _known_as(address: str, names: Mapping[str, str]) -> str:
    plain = address.removeprefix(PENDING)
    return text("not_yet", name=plain) if plain != address else names.get(plain, plain)


def local(address: str) -> str:
    """The part of an address that tells people of one organisation apart."""
    return address.partition("@")[0]


def brief(message: str) -> str:
    """A message about a cell without its place, for pages that mark the cell itself."""
    place = _PLACE.match(message)
    return sentence(message[place.end() :] if place is not None else message)


def sentence(said: str) -> str:
    """What the API says, with a capital letter; an address or a value stays as it is written."""
    first = said.partition(" ")[0]
    return said[:1].upper() + said[1:] if first.isalpha() else said


def bar(counts: Mapping[str, int], names: Iterable[str]) -> list[dict[str, Any]]:
    """The segments of a bar of 100 units: outcome, where it begins, how wide, how many.

    An outcome of a single line among thousands is still a unit wide.
    """
    present = [(name, counts.get(name, 0)) for name in names if counts.get(name, 0)]
    total = sum(count for _, count in present)
    widths = [max(100 * count / total, 1.0) for _, count in present]
    scale = 100 / sum(widths) if widths else 1.0
    segments, start = [], 0.0
    for (name, count), width in zip(present, widths, strict=True):
        wide = width * scale
        segments.append(
            {"name": name, "x": round(start, 2), "width": round(wide, 2), "count": count}
        )
        start += wide
    return segments
