"""All hostile files by name."""

from tests.fuzz.corpus import (
    blank_rows,
    cells,
    encodings,
    findings,
    headers,
    line_ends,
    not_csv,
    programs,
    quotes,
    reports_again,
    sizes,
)
from tests.fuzz.nasty import named

CORPUS = named(
    nasty
    for module in (
        line_ends,
        blank_rows,
        encodings,
        quotes,
        headers,
        sizes,
        cells,
        not_csv,
        programs,
        reports_again,
        findings,
    )
    for nasty in module.NASTIES
)

__all__ = ["CORPUS"]
