"""Every code that Handover gives a line, a file or a warning, with its meaning and its remedy.

This is the one list of codes: the notification takes its advice from here, the API its hints, and
GUIDE.md its table. Machines rely on the codes, so a code never changes its meaning. A rejection's
own hint may say more than the remedy here, because it knows the cell. Pure.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class CodeKind(StrEnum):
    """What a code is about. A name may occur in two kinds, with its own meaning in each."""

    LINE = "line"
    FILE = "file"
    WARNING = "warning"


class Code(Struct, frozen=True):
    """A code: what it means and what a person does about it, each in a sentence or two."""

    kind: CodeKind
    name: str
    meaning: str
    remedy: str


NOT_PROCESSED = "NOT_PROCESSED"

# What a notification advises for a refused file whose code is in no list.
CORRECT_THE_FILE = "Correct this in your file and upload the whole file again."
_SPLIT = "Split the file into smaller ones, each with the header line, and upload them one by one."
_SAVE_AGAIN = "Open the workbook in a spreadsheet program, save it as .xlsx and upload it again."
_NEW_TICKET = "Start a new upload in Handover and choose the same file again."


def _codes(kind: CodeKind, rows: dict[str, tuple[str, str]]) -> tuple[Code, ...]:
    return tuple(Code(kind, name, meaning, remedy) for name, (meaning, remedy) in rows.items())


# In the order in which a line is checked.
LINE_CODES = _codes(
    CodeKind.LINE,
    {
        "FIELD_COUNT": (
            "The line has more or fewer cells than the header.",
            "Put every value under its own label. A value that holds the delimiter needs quotes.",
        ),
        "FIELD_TOO_LONG": (
            "A value is too long, or all users of the account together take too much room.",
            "Shorten the value, or name fewer users.",
        ),
        "INVALID_CHARACTER": (
            "A value holds a character that cannot be seen or a misplaced quote.",
            "Type the value again. Write a quote inside a value twice, and quote the whole value.",
        ),
        "CELL_UNREADABLE": (
            (
                "A cell of a workbook has no certain text: a formula without a saved result, "
                "a number of more than 15 digits, or a format that programs show differently."
            ),
            "Format the column as text and fill in the value as it should read.",
        ),
        "ACCOUNT_BLANK": (
            "The cell of the account is empty.",
            "Fill in the account id, or delete the line.",
        ),
        "ADDRESS_INVALID": (
            "The line of a users file has no valid e-mail address.",
            "Correct the address, or delete the line.",
        ),
        "STATUS_UNKNOWN": (
            "The status is not one of those that this kind of file has.",
            "Use active, inactive or, for users, deleted. An empty cell means active.",
        ),
        "BLANK_NOT_ALLOWED": (
            "A cell is empty that the profile requires.",
            "Fill in the cell, or delete the line.",
        ),
        "TOO_MANY_USERS": (
            "The cell, or the whole account, would have more users than allowed.",
            "Name fewer users.",
        ),
        "DUPLICATE_CONFLICT": (
            "Lines of this file ask for different things for the same account or user.",
            "Keep the line that is right and delete the others.",
        ),
        "LOGIN_REPEATED": (
            "Lines of different users ask for the same login name.",
            "Leave the login name with one user and give the others another, or none.",
        ),
        "ACCOUNT_NOT_FOUND": (
            "The tenant has no account with this id.",
            "Check the id. If the account is new, have it loaded into the directory first.",
        ),
        "ACCOUNT_INACTIVE": (
            "The account is inactive, and the profile accepts active accounts only.",
            "Activate the account first, or delete the line.",
        ),
        "ACCOUNT_DAMAGED": (
            "A spreadsheet has changed the id of a new account, for example into 1.2E+11.",
            "Format the column as text before you fill it, and enter the id again.",
        ),
        "USER_NOT_FOUND": (
            "The tenant has no user with this address, login name or name.",
            "Check the spelling, or have an Admin create the user first.",
        ),
        "USER_AMBIGUOUS": (
            "Several users have this name.",
            "Name the user by address.",
        ),
        "USER_INACTIVE": (
            "The user is inactive.",
            "Choose another user, or have an Admin activate this one.",
        ),
        "USER_ROLE": (
            "The user has none of the user roles that the profile requires.",
            "Choose a user who has such a role, or have an Admin give it to this one.",
        ),
        "OTHER_OPCO": (
            "The user and the account belong to different operating companies.",
            "Choose a user of the account's own operating company.",
        ),
        "WORKFLOW_NOT_FOUND": (
            "The tenant has no workflow of exactly this name.",
            "Check the spelling, upper and lower case included.",
        ),
        "USER_DELETED": (
            "The line names a deleted user without giving a status.",
            "Set the status to active to restore the user, or delete the line.",
        ),
        "LOGIN_TAKEN": (
            "Another user has the login name, or had it when this import began.",
            (
                "Choose another login name. A name that a user gave up is free for the next import;"
                " a name that only a line asked for is free after an hour."
            ),
        ),
        NOT_PROCESSED: (
            "Handover could not process the line; nothing is wrong with it.",
            "Upload the report as it is.",
        ),
    },
)

FILE_CODES = _codes(
    CodeKind.FILE,
    {
        "UNKNOWN_SOURCE": (
            "No registered source writes to the folder that the file is in.",
            "Ask an Admin to register the source, then upload the file again.",
        ),
        "WRONG_PRINCIPAL": (
            "The file was not written by the principal that is registered for the source.",
            "Ask an Admin which access keys are registered for this source.",
        ),
        "TICKET_UNKNOWN": (
            "No upload was announced under this key.",
            _NEW_TICKET,
        ),
        "TICKET_REPLAYED": (
            "The ticket of this upload was already used or cancelled.",
            _NEW_TICKET,
        ),
        "UNKNOWN_PROFILE": (
            "The tenant has no profile of this name, or the file's name does not name a profile.",
            "Choose one of your organisation's profiles and upload the file again.",
        ),
        "UPLOADER_NOT_ALLOWED": (
            "The uploader may not upload files of this profile or assign one of its roles.",
            "Ask an Admin to upload the file or to give you access. Nothing in it has to change.",
        ),
        "OBJECT_GONE": (
            "The file was deleted before it was read.",
            "Upload the file again, and leave it there until its import has begun.",
        ),
        "PREVIEW_OUTDATED": (
            "The profile has changed since the dry run that was to be applied.",
            "Make another dry run, look at what it shows, and apply that one.",
        ),
        "NOT_VALIDATED": (
            "Handover could not read the file after several attempts. The file is not the cause.",
            "Upload the file again. Nothing in it has to change.",
        ),
        "EMPTY_FILE": (
            "The file has no lines.",
            "Add the lines below the header and upload the file again.",
        ),
        "NOT_CSV": (
            (
                "The file is neither CSV nor .xlsx: a workbook of another kind, an archive, "
                "a picture, or text without a header."
            ),
            "Save the file as CSV UTF-8 or as an Excel workbook (.xlsx) and upload it again.",
        ),
        "WORKBOOK_DAMAGED": (
            "The workbook is truncated, altered, or holds what no spreadsheet program writes.",
            _SAVE_AGAIN,
        ),
        "WORKBOOK_ENCRYPTED": (
            "The workbook is protected by a password.",
            "Save the workbook without a password and upload it again.",
        ),
        "SEVERAL_SHEETS": (
            "Several visible sheets of the workbook hold data.",
            "Hide or delete all sheets but one, save the workbook and upload it again.",
        ),
        "HIDDEN_ROWS": (
            "The sheet has hidden rows that hold data, so nobody saw all that it would change.",
            "Show the rows (clear the filter) or delete them, and upload the workbook again.",
        ),
        "MERGED_CELLS": (
            "The sheet has merged cells, of which only the first holds the value.",
            "Unmerge the cells, fill in every one, and upload the workbook again.",
        ),
        "NO_SAVED_RESULTS": (
            "A formula of the sheet fills several cells and has no saved results.",
            _SAVE_AGAIN,
        ),
        "ENCODING": (
            "The bytes of the file are not text in an encoding that Handover reads.",
            "Save the file as CSV UTF-8 and upload it again.",
        ),
        "UNCLOSED_QUOTE": (
            "A quote is opened and never closed.",
            "Close the quote, or write it twice if it is part of the value. Upload the file again.",
        ),
        "RESULTS_FILE": (
            "The file is results.csv, which says what became of each line.",
            "Upload your own file, or the report (errors.csv) with the lines corrected.",
        ),
        "TOO_LARGE": ("The file has more bytes than Handover reads.", _SPLIT),
        "TOO_MANY_LINES": ("The file has more lines than Handover reads.", _SPLIT),
        "TOO_MANY_COLUMNS": (
            "The header has more columns than Handover reads.",
            "Delete the columns that the profile does not need and upload the file again.",
        ),
        "MISSING_COLUMN": (
            "The header lacks a column that the profile requires.",
            f"Add the column, or map one of yours to it (--map 'Theirs=ours'). {CORRECT_THE_FILE}",
        ),
        "DUPLICATE_COLUMN": (
            "The header names a column of the profile more than once.",
            "Keep one of these columns and upload the file again.",
        ),
    },
)

WARNING_CODES = _codes(
    CodeKind.WARNING,
    {
        "COLUMN_IGNORED": (
            "The profile does not know these columns of the file; they were ignored.",
            "If a column was meant to count, rename or map it and upload the file again.",
        ),
        "SHEET_IGNORED": (
            "Hidden sheets of the workbook hold data; they were not read.",
            "If a sheet was meant to count, show it alone and upload the workbook again.",
        ),
        "COLUMN_HIDDEN": (
            "Hidden columns of the workbook were read like all others.",
            "If a column was not meant to count, delete it and upload the workbook again.",
        ),
        "OLD_FILE_AGAIN": (
            "A source has dropped an older file again after newer ones.",
            "If the file was only moved, undo the import and move files to archive/ from now on.",
        ),
        "TICKET_REPLAYED": (
            "More files were posted with the form of this upload; they were ignored.",
            "Start an upload of its own for each file.",
        ),
    },
)

CODES = (*LINE_CODES, *FILE_CODES, *WARNING_CODES)
_BY_NAME = {(code.kind, code.name): code for code in CODES}


def code_named(kind: CodeKind, name: str) -> Code | None:
    """The code of that kind and name; None when Handover knows no such code."""
    return _BY_NAME.get((kind, name))


def remedy_of(kind: CodeKind, name: str) -> str:
    """What a person does about the code; "" when Handover knows no such code."""
    code = code_named(kind, name)
    return code.remedy if code is not None else ""
