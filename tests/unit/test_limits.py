"""Every number that has a name has the value that users, operators and AWS reckon with.

The values are written out here: whoever changes one changes its row, and the documents that name
it. Some are part of what is stored, such as the shards of a key, and need a migration too.
"""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import handover

PACKAGE = Path(handover.__file__).parent
NUMBERS: dict[str, dict[str, float]] = {
    "access.allowances": {
        "WINDOW_SECONDS": 10,
        "MAX_PERMITS": 10,
        "MAX_TENANTS": 1_000,
    },
    "access.imports": {
        "MAX_UNDOS": 20,
    },
    "access.sign_ins": {
        "TRIES": 4,
    },
    "aws.buses": {
        "EVENTS_A_BATCH": 10,
        "MAX_EVENT_BYTES": 262_143,
    },
    "aws.objects": {
        "BLOCK_BYTES": 8 * 1024**2,
        "PART_BYTES": 16 * 1024**2,
    },
    "aws.queues": {
        "MESSAGES_A_BATCH": 10,
    },
    "batch": {
        "FIRST_DELAY_SECONDS": 15,
        "LONGEST_DELAY_SECONDS": 300,
        "DELIVERIES_OF_ONE": 4,
        "MAX_PUT_OFFS": 72,
    },
    "deadline": {
        "FIRST_WAIT_SECONDS": 0.05,
        "LONGEST_WAIT_SECONDS": 5.0,
        "RESERVE_SECONDS": 3.0,
        "OUTSIDE_SECONDS": 30.0,
    },
    "flight": {
        "MAX_THREADS": 1024,
        "MAX_AHEAD": 8,
    },
    "jobs.files": {
        "ACCOUNTS_AT_A_TIME": 1_000,
    },
    "jobs.follow": {
        "ACCOUNTS_AT_A_TIME": 100,
    },
    "jobs.job": {
        "MAX_USERS": 100,
        "MAX_NAMED": 2,
    },
    "jobs.upload": {
        "ROWS_A_PIECE": 1_000,
    },
    "pipeline.change_guard": {
        "RESERVE_SECONDS": 120.0,
        "MAX_REASON_CHARS": 300,
    },
    "pipeline.clear_guard": {
        "ACCOUNTS_AT_A_TIME": 1_000,
        "RESERVE_SECONDS": 120.0,
    },
    "pipeline.error_report": {
        "SMALL_BYTES": 256 * 1024,
    },
    "pipeline.lines": {
        "LINES_AT_A_TIME": 1_000,
    },
    "pipeline.lookups": {
        "MAX_UNKNOWN_IDS": 40,
    },
    "pipeline.mappings": {
        "TRIES": 3,
    },
    "pipeline.messages": {
        "VERSION": 1,
    },
    "pipeline.older_imports": {
        "SAME_TIME_SECONDS": 1.0,
        "WATERMARK_LAG_SECONDS": 259_200.0,
        "WATERMARK_STEP_SECONDS": 3_600.0,
    },
    "pipeline.older_imports_list": {
        "MAX_OLDER_IMPORTS_IN_PLAN": 1_000,
    },
    "pipeline.open_acts": {
        "OPEN_SECONDS": 1_200.0,
        "RESERVE_SECONDS": 10.0,
    },
    "pipeline.parking": {
        "SEQUENCE_DIGITS": 40,
        "RESERVE_SECONDS": 15.0,
    },
    "pipeline.result_files": {
        "MAX_INDEX_BYTES": 400 * 1024**2,
        "IN_MEMORY_BYTES": 32 * 1024**2,
    },
    "pipeline.seen_files": {
        "FILES_REMEMBERED": 50,
        "TRIES": 3,
    },
    "pipeline.sweep": {
        "WAIT_SECONDS": 45.0,
        "LOST_SECONDS": 900.0,
        "LOST_DROP_SECONDS": 36_000.0,
        "APPROVAL_SECONDS": 2_592_000.0,
        "FORGOTTEN_SECONDS": 1_209_600.0,
        "TICKET_LATE_SECONDS": 172_800.0,
        "LISTING_RESERVE_SECONDS": 15.0,
        "UPLOADS_AT_A_TIME": 100,
    },
    "pipeline.tickets": {
        "TICKET_SECONDS": 7_776_000,
        "MAX_FILENAME_CHARS": 255,
    },
    "pipeline.uploads": {
        "SEQUENCER_CHARACTERS": 32,
    },
    "pipeline.validate": {
        "MAX_CHUNKS": 1_000,
        "MIN_CHUNK_BYTES": 64 * 1024,
    },
    "profiles.binding": {
        "MAX_MAPPING_BYTES": 64 * 1024,
        "MAX_TYPED_CHARS": 100,
    },
    "profiles.checks": {
        "MAX_COLUMNS": 200,
        "MAX_LABEL_CHARS": 200,
    },
    "profiles.ignored": {
        "ALIKE": 0.75,
        "CONDITION_ALIKE": 0.9,
    },
    "profiles.matching.assignment": {
        "MAX_ROWS": 20,
        "MAX_SAMPLES": 3,
        "MAX_SAMPLE_CHARS": 100,
    },
    "profiles.matching.meaning": {
        "MAX_LABEL_CHARS": 200,
        "MAX_COMPOUND_CHARS": 40,
        "MAX_REMEMBERED": 4 * 1024,
        "MIN_TYPO_CHARS": 5,
    },
    "profiles.matching.people": {
        "OWN_FIT": 3,
    },
    "profiles.matching.samples": {
        "MIN_SHARE": 0.6,
        "MAX_CELL_CHARS": 400,
    },
    "profiles.matching.scoring": {
        "SPELLED_ALIKE": 75,
    },
    "profiles.matching.words": {
        "MAX_PHRASE_WORDS": 3,
        "MIN_PART_CHARS": 3,
    },
    "profiles.names": {
        "MAX_NAME_CHARS": 100,
        "MAX_ROLE_BYTES": 190,
    },
    "profiles.remembering": {
        "MAX_MAPPINGS": 100,
        "MAX_MAPPING_BYTES": 16 * 1024,
        "MAX_MAPPINGS_BYTES": 128 * 1024,
        "FINGERPRINT_CHARACTERS": 32,
    },
    "profiles.settings": {
        "CLEAR_GUARD_PERCENT": 20,
        "CLEAR_GUARD_LINES": 10,
        "NO_LIMIT": 100,
        "CHANGE_GUARD_LINES": 10,
        "MAX_PROFILES": 100,
        "MAX_LINES": 20_000_000,
    },
    "reading.first_rows": {
        "MAX_FIRST_ROWS": 20,
        "MAX_READ_ROWS": 200,
    },
    "reading.keys": {
        "BLANK": 0,
    },
    "reading.limits": {
        "MAX_FILE_BYTES": 2 * 1024**3,
        "MAX_LINES": 20_000_000,
        "MAX_RECORD_BYTES": 1024**2,
        "REPORT_GROWTH": 5,
        "MAX_FIELD_CHARS": 10_000,
        "MAX_COLUMNS": 200,
        "MAX_HEADER_BYTES": 64 * 1024,
    },
    "reading.lineends": {
        "LF": 10,
        "CR": 13,
        "QUOTE": 34,
    },
    "reading.repeats": {
        "MAX_OTHERS": 5,
    },
    "reading.windows": {
        "WINDOW_BYTES": 512 * 1024,
    },
    "reports.file_preview": {
        "MAX_FIRST_LINES": 20,
        "MAX_CELL_CHARS": 80,
        "MAX_PROFILES_BYTES": 2 * 1024**2,
    },
    "reports.line_index": {
        "MAX_MOVES": 200,
        "MAX_OPCOS": 200,
    },
    "reports.notice": {
        "SUBJECT_CHARACTERS": 99,
        "JSON_FILENAME_CHARACTERS": 700,
        "TEXT_FILENAME_CHARACTERS": 120,
        "MESSAGE_CHARACTERS": 1_000,
        "WARNINGS_CHARACTERS": 1_300,
    },
    "reports.warnings": {
        "NEAR_NAMED": 3,
        "OTHERS_NAMED": 6,
        "LABEL_CHARACTERS": 40,
    },
    "rules.addresses": {
        "MAX_ADDRESS_BYTES": 320,
    },
    "rules.applying": {
        "NO_ACCOUNT": 0,
    },
    "rules.damage": {
        "MAX_LIKELY": 24,
        "MAX_ZEROS": 6,
    },
    "rules.directory_lines": {
        "MAX_ID_BYTES": 512,
        "MAX_FIELD_BYTES": 2 * 1024,
        "MAX_USER_TEXT_CHARS": 200,
    },
    "rules.edits": {
        "LINE": 1,
    },
    "rules.nearness": {
        "MAX_SLIPS": 2,
        "MAX_QUESTIONS": 200,
    },
    "rules.pacing": {
        "SHARE_OF_TIMEOUT": 2,
        "MIN_CHUNK_LINES": 2_400,
        "MAX_CHUNK_LINES": 20_000,
        "MIN_MEASURED_SECONDS": 10.0,
    },
    "rules.resending": {
        "RESEND_AFTER_SECONDS": 300.0,
        "LONGEST_WAIT_SECONDS": 3_600.0,
        "PASSED_SECONDS": 60.0,
        "NOTED_SECONDS": 20.0,
        "TAKEN_SECONDS": 1_800.0,
    },
    "rules.sizes": {
        "MAX_HOLDERS": 1_000,
        "MAX_ASSIGNED_BYTES": 30 * 1024,
        "MAX_CHANGE_BYTES": 60 * 1024,
        "MAX_ITEM_BYTES": 400 * 1024,
        "RESERVED_BYTES": 40 * 1024,
        "MAX_DECIDED_BYTES": 360 * 1024,
    },
    "rules.window": {
        "MIN_IN_FLIGHT": 1,
        "MAX_IN_FLIGHT": 16,
        "FIRST_IN_FLIGHT": 4,
    },
    "runtime": {
        "LEASE_MARGIN_SECONDS": 15.0,
    },
    "store.accounts": {
        "MAX_KEY_BYTES": 576,
        "SHARDS": 16,
        "IDS_A_QUERY": 1_000,
        "FEW_IDS": 20,
    },
    "store.allowances": {
        "KEPT_SECONDS": 3_600,
    },
    "store.audit": {
        "SHARDS": 4,
    },
    "store.batches": {
        "KEYS_A_READ": 100,
        "STATEMENTS_A_BATCH": 25,
        "PUTS_A_BATCH": 25,
    },
    "store.directory": {
        "MAX_USER_BYTES": 1_019,
        "CLAIM_SECONDS": 3_600.0,
    },
    "store.domains": {
        "MAX_LABELS": 10,
    },
    "store.imports": {
        "MAX_REFUSAL_CHARS": 1_000,
        "NO_CHUNK": 0,
        "MAX_COUNTED": 10_000,
    },
    "store.name_places": {
        "MAX_LOGIN_BYTES": 1_018,
        "MAX_NAME_BYTES": 1_018,
    },
    "store.portfolios": {
        "MAX_PORTAL_CHARS": 400,
        "TOMBSTONE_SECONDS": 604_800,
        "SHARDS": 16,
        "SPREAD_FROM_CHANGES": 16,
        "LARGE_FROM": 1_000,
        "FIRST_ROWS": 16,
        "MAX_COUNTED": 1_000,
        "ROWS_GROW": 4,
        "MAX_ROWS": 1024,
        "MAX_KEY_BYTES": 2 * 1024,
    },
    "store.progress": {
        "BITS_A_NUMBER": 125,
    },
    "store.settings": {
        "TRIES": 4,
    },
    "store.user_places": {
        "SHARDS": 16,
        "USERS_A_TRANSACTION": 25,
    },
    "store.users": {
        "NAMES_A_READ": 50,
        "MIN_ROWS_OF_A_SHARD": 12,
    },
    "use_cases.accounts": {
        "MAX_LOOKED_AT": 2_000,
        "AT_A_TIME": 100,
        "HOLDERS_AT_A_TIME": 1_000,
    },
    "use_cases.applying": {
        "APPLY_SECONDS": 86_400.0,
    },
    "use_cases.approvals": {
        "MAX_REASON_CHARS": 200,
        "USERS_AT_A_TIME": 100,
    },
    "use_cases.audit": {
        "MAX_LOOKED_AT": 2_000,
    },
    "use_cases.corrections": {
        "MAX_LINES": 1_000,
        "MAX_CORRECTED_BYTES": 1024**2,
        "MAX_REPORT_BYTES": 64 * 1024**2,
    },
    "use_cases.edits": {
        "MAX_CHANGES": 5,
    },
    "use_cases.imports": {
        "LINK_SECONDS": 300,
        "STEM_CHARS": 100,
        "MAX_LOOKED_AT": 1_000,
        "AT_A_TIME": 100,
    },
    "use_cases.paging": {
        "MAX_PLACE_BYTES": 1_019,
        "MAX_RESPONSE_BYTES": 6 * 1024**2,
        "MAX_PAGE_BYTES": 2 * 1024**2,
    },
    "use_cases.profiles": {
        "MAX_PROFILE_CHARS": 100_000,
        "MAX_PROFILES": 25,
    },
    "use_cases.reassignments": {
        "MAX_ACCOUNTS": 10_000,
        "MAX_CHARS": 2 * 1024,
    },
    "use_cases.requests": {
        "AT_A_TIME": 100,
        "MAX_LOOKED_AT": 5_000,
    },
    "use_cases.result_lines": {
        "MAX_INDEX_READ_BYTES": 8 * 1024**2,
        "MAX_RESULTS_READ_BYTES": 16 * 1024**2,
        "MAX_RESULTS_READS": 32,
        "WINDOW_BYTES": 1024**2,
        "GAP_BYTES": 512 * 1024,
        "MAX_LINE_BYTES": 1024**2,
        "MAX_SHOWN_CELL_CHARS": 1_000,
    },
    "use_cases.result_summary": {
        "MAX_COUNTED": 50,
    },
    "use_cases.samples": {
        "MAX_SAMPLE_CHARS": 20_000,
    },
    "use_cases.settings": {
        "MAX_USER_ROLES": 50,
        "MAX_ROLES": 100,
    },
    "use_cases.subscriptions": {
        "MAX_SUBSCRIPTIONS": 100,
        "MAX_ENDPOINT_CHARS": 1024,
    },
    "use_cases.tickets": {
        "FORM_SECONDS": 300,
    },
    "use_cases.undo": {
        "DAY_SECONDS": 86_400.0,
        "MARGIN_DAYS": 10,
    },
    "use_cases.users": {
        "MAX_LOOKED_AT": 2_000,
        "TRIES": 4,
    },
    "workbooks.dates": {
        "FIRST_CERTAIN_DAY": 61,
        "LAST_DAY": 2_958_465,
        "DAYS_BETWEEN_SYSTEMS": 1_462,
    },
    "workbooks.formats": {
        "MIN_INEXACT": 1000000000000000.0,
    },
    "workbooks.limits": {
        "MAX_WORKBOOK_BYTES": 256 * 1024**2,
        "MAX_EXPANDED_BYTES": 2 * 1024**3,
        "MAX_PART_BYTES": 16 * 1024**2,
        "MAX_STRINGS_BYTES": 256 * 1024**2,
        "MAX_STRINGS": 20_000_000,
        "MAX_DIRECTORY_BYTES": 4 * 1024**2,
        "MAX_PARTS": 10_000,
        "MAX_ROWS": 1024**2,
        "MAX_SHEET_COLUMNS": 16 * 1024,
        "MAX_SHEETS": 1_000,
        "MAX_CELL_CHARS": 32_767,
        "MAX_STYLES": 64 * 1024,
        "MAX_FORMAT_CHARS": 255,
        "MAX_DEPTH": 64,
        "MAX_TOKEN_BYTES": 1024**2,
        "MAX_REPORT_LINES": 100_000,
        "MAX_REPORT_BYTES": 64 * 1024**2,
    },
    "workbooks.package": {
        "CHUNK_BYTES": 64 * 1024,
    },
    "workbooks.sheet": {
        "MAX_COLUMNS": 204,
    },
    "workbooks.xml": {
        "MAX_NUMBER_CHARS": 9,
        "MAX_NAMES": 10_000,
    },
}


def named_numbers() -> dict[str, dict[str, float]]:
    """The public constants of each module that are numbers, by name."""
    found: dict[str, dict[str, float]] = {}
    for path in sorted(PACKAGE.rglob("[!_]*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        values = vars(importlib.import_module(f"handover.{module}"))
        for name in _assigned(path):
            if name.isupper() and name[0] != "_" and type(values[name]) in (int, float):
                found.setdefault(module, {})[name] = values[name]
    return found


def _assigned(path: Path) -> list[str]:
    """The names that a module assigns to at its top level, in order."""
    return [
        target.id
        for statement in ast.parse(path.read_bytes()).body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for target in ast.walk(statement)
        if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store)
    ]


def test_every_number_with_a_name_has_its_value_and_every_value_its_number() -> None:
    assert named_numbers() == NUMBERS
