"""Texts that stand for cells of a workbook whose shown text cannot be known for certain.

The converter writes such a text instead of a guess. A line with one in its account, user or other
used cell is rejected; in a column that the profile does not use, the text does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping

# A formula that no spreadsheet program has calculated and saved.
NO_RESULT = "#FORMULA!"
# A number of more digits than a spreadsheet keeps: the last ones may be lost.
TOO_MANY_DIGITS = "#DIGITS!"
# A value under a number format that Handover does not show exactly as a spreadsheet does.
NOT_SHOWN = "#FORMAT!"

# What is wrong, and what to do about it.
UNREADABLE: Mapping[str, tuple[str, str]] = {
    NO_RESULT: (
        "a formula without a saved result; expected a value",
        "Open the workbook in a spreadsheet program and save it, or paste the values.",
    ),
    TOO_MANY_DIGITS: (
        "a number of more than 15 digits, of which a spreadsheet loses the last; expected text",
        "Format the column as text, then fill in the value again.",
    ),
    NOT_SHOWN: (
        "a value under a number format that Handover cannot read safely; expected text or a number",
        "Format the cell as text and fill in the value as it should read.",
    ),
}
