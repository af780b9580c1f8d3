"""`python -m infra.reference` writes the lists of the documents again."""

from __future__ import annotations

from infra.reference.pages import write

for page in write() or ["nothing: every list is as the code has it"]:
    print(f"wrote {page}")
