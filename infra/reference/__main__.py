"""`python -m infra.reference` writes the lists of the documents again."""

from __future__ import annotations

from infra.reference.pages import write

for page in write() or ["nothing: every list already agrees with the code"]:
    print(f"wrote {page}")
