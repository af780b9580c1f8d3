"""One visit of one signed-in person: what they ask, and the API to answer it with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from handover_console.api import Api
from handover_console.oidc import Person
from handover_console.settings import Settings
from handover_console.web import Request


@dataclass(frozen=True, slots=True)
class Visit:
    """A request and who sent it; `person` and `api` are None only on pages for everybody."""

    request: Request
    settings: Settings
    person: Person | None = None
    signed_in_api: Api | None = None
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def api(self) -> Api:
        """The API with this person's token. Raises LookupError when nobody is signed in."""
        if self.signed_in_api is None:
            raise LookupError("nobody is signed in")
        return self.signed_in_api

    @property
    def section(self) -> str:
        """The first part of the path, which the navigation marks as the present place."""
        return self.request.path.strip("/").partition("/")[0]
