"""What the formats of the description (`handover.http.formats`) accept, for drawing requests."""

from __future__ import annotations

import schemathesis
from hypothesis import strategies as st

# Characters of every UTF-8 width, and the space, which may not be first or last.
LETTERS = "aB9 -_.äßЖ漢😀"


def _texts(most: int, without: str = "") -> st.SearchStrategy[str]:
    letters = st.sampled_from([sign for sign in LETTERS if sign not in without])
    return st.text(letters, min_size=1, max_size=most)


names = _texts(40).filter(lambda text: text == text.strip())
schemathesis.openapi.format("name", names)
schemathesis.openapi.format("path-name", names.filter(lambda text: text != "workflow"))
schemathesis.openapi.format("printable", st.just("") | _texts(200))
addresses = st.text("abc-9ä", min_size=1, max_size=20).map("{}@lumina.example".format)
schemathesis.openapi.format("email", addresses)
schemathesis.openapi.format("endpoint", addresses | st.just("https://lumina.example/done"))
moments = st.sampled_from(("2026-11-30", "2026-11-30T10:00:00Z", "2026-11-30T10:00:00+01:00"))
schemathesis.openapi.format("moment", moments)
