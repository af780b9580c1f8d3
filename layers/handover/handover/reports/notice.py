"""The notification through SNS: when an import has ended, and when it waits for an Admin.

People get a plain text, machines the import as JSON. File names and messages come from the
uploader, so everything that could forge a line, a subject or a mail header is removed. The only
people named are the uploader and whoever approved or cancelled the import, except in imports that
Handover made itself: their file name contains the users they are about.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from handover.codes import CORRECT_THE_FILE, CodeKind, remedy_of
from handover.model import FileWarning, Mode, State
from handover.profiles.fields import About
from handover.profiles.on_error import OnErrorKind
from handover.profiles.presets import presets
from handover.reports.counts import Counts
from handover.reports.summary import NOT_COUNTED, ImportSummary, ReportObject, summary

SCHEMA = "handover.import/1"

# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: "must be less than 100 characters".
SUBJECT_CHARACTERS = 99
# A message may have 262,144 bytes. It contains the JSON four times and the text twice, and one
# character may take 14 bytes in JSON within JSON and 12 in JSON, so names and messages take
# (700 + 1,000 + 1,300 + 200) * 14 * 4 + (120 + 1,000 + 1,300 + 200) * 12 * 2 < 245,000.
# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
JSON_FILENAME_CHARACTERS = 700
TEXT_FILENAME_CHARACTERS = 120
MESSAGE_CHARACTERS = 1_000
WARNINGS_CHARACTERS = 1_300

_MACHINES = ("sqs", "lambda", "http", "https")

_SUBJECT_STATES = {
    State.DONE: "done",
    State.ERROR: "error",
    State.REFUSED: "refused",
    State.CANCELLED: "cancelled",
    State.AWAITING_APPROVAL: "awaiting approval",
}

_OUTCOMES = (
    ("updated", "updated"),
    ("cleared", "cleared"),
    ("unchanged", "unchanged (already as you asked)"),
    ("pending", "pending (the user does not exist yet)"),
    ("duplicate", "duplicate (an identical line applies)"),
    ("superseded", "superseded (results.csv says by what)"),
    ("rejected", "rejected"),
    ("not_processed", "not processed"),
)
# Not for a job, whose report nobody can upload.
_PLEASE = {"rejected": " (please correct)", "not_processed": " (please upload again)"}

# Imports that Handover generates cannot be uploaded again; they must be requested again. Nobody may
# use the file's profile, and its cells have meanings that only such files may use. A new request
# leaves alone what was already done.
_BY_ITSELF = (
    "What to do: you need not upload anything. Handover retries lines that were not processed, but"
    " does not generate a file again that was refused for its content. You can edit the accounts of"
    " such a file, and those of rejected lines, one by one (handover edit)."
)
_ASK_AGAIN = {
    "removal": _BY_ITSELF,
    "resolution": _BY_ITSELF,
    "undo": (
        "What to do: ask for the undo again (POST /imports/{undo_of}/undo, or handover undo"
        " {undo_of}), after fixing the errors named above or in the report. To assign an account to"
        " somebody else, edit it by itself (handover edit). The report itself cannot be uploaded."
    ),
    "owner": (
        "What to do: ask for the reassignment again (POST /assignments, or handover assign), after"
        " fixing the errors named above or in the report. The report itself cannot be uploaded."
    ),
}


class Notice(Struct, frozen=True):
    """One SNS message. Publishing it twice does no harm: receivers compare `dedupe_id`."""

    dedupe_id: str
    subject: str
    text: str
    json: str
    attributes: Mapping[str, str] = field(default_factory=dict)

    def message_structure(self) -> str:
        """The Message of a publish with MessageStructure "json": the body of each protocol."""
        bodies = {"default": self.text, "email": self.text}
        return json.dumps(bodies | dict.fromkeys(_MACHINES, self.json))

    def message_attributes(self) -> dict[str, dict[str, str]]:
        """The MessageAttributes of a publish; SNS accepts no empty values, so none are included."""
        return {
            name: {"DataType": "String", "StringValue": value}
            for name, value in self.attributes.items()
        }


def notice(import_: ImportSummary, console_url: str = "") -> Notice:
    """The message about an import that has ended or awaits approval, always the same bytes.

    The JSON is the published import, except that an extremely long file name or refusal is cut.
    `console_url` is the address of the console, "" for a message without a link. Raises ValueError
    for an import in any other state.
    """
    if import_.state not in _SUBJECT_STATES:
        raise ValueError(f"import {import_.import_id} is {import_.state}: it has no message yet")
    bounded = _bounded(import_)
    waits = bounded.state is State.AWAITING_APPROVAL
    dedupe_id = f"import-{'awaiting-approval' if waits else 'finished'}/{bounded.import_id}"
    link = f"{console_url}console/imports/{bounded.import_id}" if console_url else ""
    body = {"schema": SCHEMA, "dedupe_id": dedupe_id} | summary(bounded)
    return Notice(
        dedupe_id=dedupe_id,
        subject=_subject(bounded),
        text=_text(bounded, link),
        json=json.dumps(body | ({"console_url": link} if link else {})),
        attributes=_attributes(bounded),
    )


def _bounded(import_: ImportSummary) -> ImportSummary:
    """The import with the uploader's texts cut to what a message can contain."""
    refusal = import_.refusal
    if refusal:
        refusal = replace(refusal, message=refusal.message[:MESSAGE_CHARACTERS])
    left = WARNINGS_CHARACTERS
    warnings: list[FileWarning] = []
    for one in import_.warnings:
        left -= len(one.code) + len(one.message)
        if left >= 0:
            warnings.append(one)
    return replace(
        import_,
        filename=import_.filename[:JSON_FILENAME_CHARACTERS],
        # There is room for one reason: that of the last decision.
        approve_reason="" if import_.cancelled_by else import_.approve_reason,
        refusal=refusal,
        warnings=tuple(warnings),
    )


def _printable(text: str, characters: int) -> str:
    """One line without control or direction characters or lone surrogates; "…" marks a cut."""
    kept = "".join(" " if character.isspace() else character for character in text)
    # Categories C* are controls, invisible formats (a text direction can fake a file's ending),
    # surrogates and unassigned characters.
    kept = "".join(c for c in kept if not unicodedata.category(c).startswith("C"))
    kept = " ".join(kept.split())
    return kept if len(kept) <= characters else kept[: characters - 1] + "…"


def _attributes(import_: ImportSummary) -> dict[str, str]:
    """The attributes that subscriptions filter on; a refused file may have no tenant or profile."""
    attributes = {
        "tenant": import_.tenant,
        "state": import_.state.value,
        "profile": import_.profile,
        "source": import_.source,
        "mode": import_.mode.value,
    }
    printable = {name: _printable(value, 256) for name, value in attributes.items()}
    return {name: value for name, value in printable.items() if value}


def _subject(import_: ImportSummary) -> str:
    """State, file and counts in fewer than 100 printable ASCII characters on one line."""
    kind = "Dry run" if import_.mode is Mode.DRY_RUN else "Import"
    before = f"{kind} {_SUBJECT_STATES[import_.state]}: "
    if import_.stopped:
        before = "Import stopped: "
    after = _subject_counts(import_)
    # This form writes an ellipsis as three dots.
    name = unicodedata.normalize("NFKD", _filename(import_))
    name = "".join(c for c in name if not unicodedata.combining(c))
    name = name.encode("ascii", "replace").decode("ascii")
    room = SUBJECT_CHARACTERS - len(before) - len(after)
    if len(name) > room:
        # The counts of the largest file leave room for the beginning of a name.
        name = name[: room - 3] + "..."
    return (before + name + after)[:SUBJECT_CHARACTERS]


def _subject_counts(import_: ImportSummary) -> str:
    counts = import_.counts
    if import_.approval and import_.state is State.AWAITING_APPROVAL:
        approval = import_.approval
        if approval.reason == NOT_COUNTED:
            return f" ({_lines(approval.lines)})"
        if approval.would_change:
            return f" (would change {approval.would_change:,} of {_lines(approval.lines)})"
        return f" (would clear {approval.would_clear:,} of {_lines(approval.lines)})"
    if not counts.lines:
        return ""
    words = [_lines(counts.lines), f"{import_.accounts_updated:,} changed"]
    if counts.with_errors:
        words.append(f"{counts.with_errors:,} with errors")
    return f" ({', '.join(words)})"


def _filename(import_: ImportSummary) -> str:
    return _printable(import_.filename, TEXT_FILENAME_CHARACTERS) or "(no name)"


def _text(import_: ImportSummary, link: str) -> str:
    paragraphs = [
        _what_happened(import_),
        *_decided(import_),
        *_counts(import_),
        *_warnings(import_),
        *([f"In the console:\n  {link}"] if link else []),
        *_next(import_),
        _origin(import_),
    ]
    return "\n\n".join(paragraphs) + "\n"


def _what_happened(import_: ImportSummary) -> str:
    counts = import_.counts
    # In quotes, so that a file named like a sentence does not read like our text.
    name = '"' + _filename(import_).replace('"', "'") + '"'
    is_dry = import_.mode is Mode.DRY_RUN
    if import_.stopped:
        return f"The file {name} was not applied: {import_.stopped}. Nothing was changed."
    match import_.state:
        case State.DONE if is_dry:
            return f"The dry run of {name} found no errors. Nothing was changed."
        case State.DONE:
            return f"The import of {name} is done. No line has errors."
        case State.ERROR if is_dry:
            return (
                f"The dry run of {name} found {_lines(counts.with_errors)} with errors."
                " Nothing was changed."
            )
        case State.ERROR:
            good = " The good lines were applied." if counts.good else ""
            failed = counts.unapplied if import_.on_error else counts.with_errors
            return (
                f"The import of {name} ended with errors: {failed:,} of"
                f" {_lines(counts.lines)} could not be applied.{good}"
            )
        case State.REFUSED:
            return f"The file {name} was refused. Nothing was changed.{_why_refused(import_)}"
        case State.CANCELLED if is_dry:
            return f"The dry run of {name} was cancelled. Nothing was changed."
        case State.CANCELLED:
            return (
                f"The import of {name} was cancelled."
                " Lines that were applied before the cancellation are not undone."
            )
        case _:
            return f"The import of {name} waits for an Admin.{_why_waiting(import_)}"


def _decided(import_: ImportSummary) -> list[str]:
    """Who approved and who cancelled the import, and why; empty when nobody did."""
    rows = [
        f"{what} by {_printable(who, SUBJECT_CHARACTERS)}"
        + (f": {_printable(reason, MESSAGE_CHARACTERS)}" if reason else ".")
        for what, who, reason in (
            ("Approved", import_.approved_by, import_.approve_reason),
            ("Cancelled", import_.cancelled_by, import_.cancel_reason),
        )
        if who
    ]
    return ["\n".join(rows)] if rows else []


def _why_refused(import_: ImportSummary) -> str:
    refusal = import_.refusal
    if not refusal:
        return ""
    message = _printable(refusal.message, MESSAGE_CHARACTERS)
    has_place = refusal.line is None or f"line {refusal.line}" in message.lower()
    place = "" if has_place else f", line {refusal.line}"
    return f"\n\nWhy: {message} ({refusal.code}{place})"


def _why_waiting(import_: ImportSummary) -> str:
    approval = import_.approval
    if not approval:
        return " Nothing has been changed so far."
    if approval.reason == NOT_COUNTED:
        return f" What it would change {NOT_COUNTED}. Nothing has been changed so far."
    if approval.would_change:
        reason = _printable(approval.reason, MESSAGE_CHARACTERS)
        return (
            f" It {reason}: {approval.would_change:,} of its {_lines(approval.lines)} would change"
            f" an account, and {approval.would_clear:,} would leave a role without a holder."
            " Nothing has been changed so far."
        )
    return (
        f" {approval.would_clear:,} of its {_lines(approval.lines)} would remove someone from an"
        " account without a replacement. Nothing has been changed so far."
    )


def _counts(import_: ImportSummary) -> list[str]:
    """The counts that are not zero, one per line; empty when no line was settled."""
    counts = import_.counts
    if not import_.state.is_final or not counts.lines:
        return []
    rows = [("line" if counts.lines == 1 else "lines", counts.lines)]
    for name, words in _OUTCOMES:
        if number := getattr(counts, name):
            please = "" if import_.job else _PLEASE.get(name, "")
            rows.append((words + please, number))
    width = max(len(f"{number:,}") for _, number in rows)
    listed = "\n".join(f"  {number:>{width},}  {words}" for words, number in rows)
    changed = "that would change" if import_.mode is Mode.DRY_RUN else "changed"
    return [listed, f"{_subjects(import_)} {changed}: {import_.accounts_updated:,}"]


def _subjects(import_: ImportSummary) -> str:
    """What the import changes: accounts, unless its file is about users."""
    preset = presets().get(import_.profile)
    return "Users" if preset is not None and preset.about is About.USERS else "Accounts"


def _warnings(import_: ImportSummary) -> list[str]:
    """Warnings, one per line; empty when there are none."""
    rows = [f"  {_printable(one.message, MESSAGE_CHARACTERS)}" for one in import_.warnings]
    return ["\n".join(["Please note:", *rows])] if rows else []


def _next(import_: ImportSummary) -> list[str]:
    """Where the report is and what to do now; empty when there is nothing to do."""
    match import_.state:
        case State.REFUSED if import_.job:
            return [_how_to_ask_again(import_)]
        case State.REFUSED:
            code = import_.refusal.code if import_.refusal else ""
            return [f"What to do: {remedy_of(CodeKind.FILE, code) or CORRECT_THE_FILE}"]
        case State.AWAITING_APPROVAL:
            return [
                (
                    "What to do: an Admin other than the uploader must approve or cancel the"
                    " import, and may give a reason:\n"
                    f"  POST /imports/{import_.import_id}/approve\n"
                    f"  POST /imports/{import_.import_id}/cancel"
                )
            ]
        case _ if import_.stopped:
            return [
                *([_where(import_, import_.report)] if import_.report else []),
                _how_to_correct(import_),
                (
                    "To see what would have happened to each line:\n"
                    f"  handover results {import_.import_id}"
                ),
            ]
        case _ if import_.report and import_.job:
            return [_where(import_, import_.report), _how_to_ask_again(import_)]
        case _ if import_.report:
            return [_where(import_, import_.report), _how_to_correct(import_), *_undo(import_)]
        case State.ERROR:
            return _undo(import_)
        case State.DONE if import_.mode is Mode.DRY_RUN and import_.job:
            return ["What to do: ask for it again without dry run to apply it."]
        case State.DONE if import_.mode is Mode.DRY_RUN:
            ask = f"  handover apply {import_.import_id}\nor upload the file again without dry run."
            return [f"What to do: apply it exactly as shown, within 24 hours of the upload:\n{ask}"]
        case _:
            return []


def _undo(import_: ImportSummary) -> list[str]:
    """How to undo the applied lines of an import that should have applied all lines or none."""
    is_partial = import_.on_error == str(OnErrorKind.ALL_OR_NOTHING) and import_.accounts_updated
    if import_.mode is not Mode.RUN or not is_partial:
        return []
    return [
        (
            "The data changed after the check, so some lines were applied and others were not."
            " To undo the applied lines:\n"
            f"  handover undo {import_.import_id}"
        )
    ]


def _where(import_: ImportSummary, report: ReportObject) -> str:
    return (
        "The lines with errors, each with the reason and how to fix it, are here:\n"
        f"  s3://{report.bucket}/{report.key}\n"
        "or get them with\n"
        f"  handover report {import_.import_id}"
    )


def _how_to_ask_again(import_: ImportSummary) -> str:
    return _ASK_AGAIN[import_.job].format(undo_of=import_.undo_of)


def _how_to_correct(import_: ImportSummary) -> str:
    counts = import_.counts
    if import_.mode is Mode.DRY_RUN:
        return (
            "What to do: correct these lines in your own file, then upload the whole file. The"
            " lines without errors have not been applied yet either."
        )
    if not counts.rejected:
        return (
            "What to do: nothing is wrong with these lines. Upload the report as it is to have"
            " them applied."
        )
    return (
        f"What to do: open the report, correct the {_lines(counts.rejected)} in your own columns,"
        " save it as CSV and upload it. Leave the columns line, code, error and hint where they"
        f" are: they are ignored.{_as_they_are(counts)} The lines that were applied need not be"
        " uploaded again."
    )


def _as_they_are(counts: Counts) -> str:
    if not counts.not_processed:
        return ""
    return f" Leave the {_lines(counts.not_processed)} not processed as they are."


def _origin(import_: ImportSummary) -> str:
    """Who sent the file, and what to quote when asking for help."""
    rows = []
    if import_.source and import_.source != "user":
        rows.append(("Source", import_.source))
    rows += [
        ("Uploaded by", import_.uploader),
        ("Profile", import_.profile),
        ("Import", import_.import_id),
        ("Undo of", import_.undo_of),
    ]
    return "\n".join(f"{name}: {_printable(value, 256)}" for name, value in rows if value)


def _lines(number: int) -> str:
    return f"{number:,} line" if number == 1 else f"{number:,} lines"
