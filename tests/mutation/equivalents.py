"""Changes without a visible effect, each with the reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A change by its place (`Mutation.name`), and why no test can or should find it."""

    module: str
    scope: str
    old: str
    new: str
    reason: str
    nth: int = 1

    @property
    def name(self) -> tuple[str, str, str, str, int]:
        """The name of the mutation."""
        return self.module, self.scope, self.old, self.new, self.nth


# The maximum in a sample, so that survivors get a test before they are called equivalent.
MAX_OF_A_SAMPLE = 0.15

EQUIVALENTS: tuple[Equivalent, ...] = (
    Equivalent(
        "reading/csv_lines.py",
        "_Check._wrong_count",
        "found > expected",
        "(found >= expected)",
        "It is called only for a line whose number of fields differs from the header.",
    ),
    Equivalent(
        "reading/keys.py",
        "KeyHasher.hashes",
        "self.dialect.is_report and window.data.find(bytes(_PICTURE_LEAD)) >= 0",
        "(self.dialect.is_report or window.data.find(bytes(_PICTURE_LEAD)) >= 0)",
        "Only the speed differs: Python hashes these keys, with the same result.",
    ),
    Equivalent(
        "reading/keys.py",
        "KeyHasher.hashes",
        "view >= 128",
        "(view > 128)",
        "The first byte of a character that is not ASCII is greater than 128.",
    ),
    Equivalent(
        "reading/own_columns.py",
        "_at_the_end",
        "0",
        "(-1)",
        "From the last label to the end there is at most one label, and a report has four.",
    ),
    Equivalent(
        "store/imports.py",
        "Imports.newest",
        "first > last",
        "(first >= last)",
        "The only import between equal places is the one before which the page ends.",
    ),
    Equivalent(
        "reading/clearing.py",
        "ClearingCounter._may_be_words",
        "holds & (lengths <= 3 * self._longest_word)",
        "(holds | (lengths <= 3 * self._longest_word))",
        "Only the speed differs: more fields are read one by one, each with the same result.",
    ),
    Equivalent(
        "use_cases/paging.py",
        "page_of",
        "1",
        "(2)",
        "Every row is listed, so the page is full before this limit is reached.",
    ),
    Equivalent(
        "use_cases/accounts.py",
        "_page",
        "limit - len(rows)",
        "(limit + len(rows))",
        "The slice saves telling rows that have no room; where the page ends is Room's to say.",
    ),
    Equivalent(
        "profiles/matching/keys.py",
        "as_account",
        "found <= PARTIES | IDS | {Concept.EXTERNAL, Concept.RECORD}",
        "(found < PARTIES | IDS | {Concept.EXTERNAL, Concept.RECORD})",
        "They differ only for a label that means all of these at once, which no label does.",
    ),
    Equivalent(
        "use_cases/accounts.py",
        "",
        "1000",
        "(999)",
        "How many holders are read at a time decides the calls; the rows are the same.",
    ),
    Equivalent(
        "use_cases/accounts.py",
        "",
        "1000",
        "(1001)",
        "How many holders are read at a time decides the calls; the rows are the same.",
    ),
    Equivalent(
        "store/tickets.py",
        "Tickets.cancel",
        "[TicketItem.cancel_reason.set(reason)] if reason else []",
        "([TicketItem.cancel_reason.set(reason)])",
        "A reason without text is shown as none is: whoever reads the ticket leaves it out.",
    ),
    Equivalent(
        "store/imports.py",
        "Imports.cancel",
        "[ImportItem.cancel_reason.set(reason)] if reason else []",
        "([ImportItem.cancel_reason.set(reason)])",
        "A reason without text is shown as none is: whoever reads the import leaves it out.",
    ),
    Equivalent(
        "reading/clearing.py",
        "ClearingCounter._short",
        "low * _SPREAD",
        "(low // _SPREAD)",
        "It only groups equal fields; those of one group that differ are judged one by one.",
    ),
    Equivalent(
        "reading/clearing.py",
        "ClearingCounter._may_be_words",
        "lengths <= 3 * self._longest_word",
        "(lengths < 3 * self._longest_word)",
        "No word is as long: its letters take up to three bytes, but guard and quotes take one.",
    ),
    Equivalent(
        "rules/directory_lines.py",
        "_hidden",
        "invisible_characters(cell) if not cell.isascii() else ()",
        "(invisible_characters(cell))",
        "Of the ASCII characters only the space could be named, and spaces are left out.",
    ),
    Equivalent(
        "profiles/matching/scoring.py",
        "_by_values",
        "found <= FORMS | PEOPLE | {Concept.OTHER}",
        "(found < FORMS | PEOPLE | {Concept.OTHER})",
        "They differ only for a label that means all of these at once, which no label does.",
    ),
    *(
        Equivalent(
            "rules/change_guard.py",
            "_is_above",
            old,
            new,
            "It is asked only about numbers of at least one.",
        )
        for old, new in (("0", "(-1)"), ("number > 0", "(number >= 0)"))
    ),
    *(
        Equivalent(
            f"profiles/matching/{module}.py",
            scope,
            "lru_cache(maxsize=MAX_REMEMBERED)",
            "(lru_cache())",
            "How many labels are remembered decides the pace; the labels are the same.",
        )
        for module, scope in (
            ("scoring", ""),
            ("people", "_core"),
            ("meaning", "meaning_of"),
            ("meaning", "words_of"),
        )
    ),
    *(
        Equivalent(
            "profiles/matching/scoring.py",
            "_by_values",
            "1",
            "(2)",
            "No other evidence that a column may have lies between the two fits.",
            nth,
        )
        for nth in (1, 2)
    ),
    Equivalent(
        "profiles/matching/people.py",
        "_form_fit",
        "5",
        "(6)",
        "No other evidence that a column may have lies between the two fits.",
    ),
    *(
        Equivalent(
            "http/formats.py",
            "",
            old,
            new,
            "Only the time differs: each body is built at import instead of for its first request.",
        )
        for old, new in (
            ("True", "False"),
            (
                "ConfigDict(extra='forbid', defer_build=True)",
                "(ConfigDict(extra='forbid'))",
            ),
        )
    ),
    *(
        Equivalent(
            "profiles/unasked.py",
            "mapping_without_asking",
            "1",
            new,
            "It is the line in the message of a refusal, which is caught and not shown.",
        )
        for new in ("(0)", "(2)")
    ),
    Equivalent(
        "profiles/unasked.py",
        "mapping_without_asking",
        "''",
        "('~')",
        "A remembered match always has a column; only the type allows none.",
    ),
    Equivalent(
        "profiles/template.py",
        "template_csv",
        "io.StringIO(newline='')",
        "(io.StringIO())",
        "By default, StringIO leaves line ends as they are written too.",
    ),
    Equivalent(
        "access/imports.py",
        "profile_behind",
        "resources.tables.imports.find(item.undo_of) if item.undo_of else None",
        "(resources.tables.imports.find(item.undo_of))",
        "Every undo says which import it undoes; only the type allows none.",
    ),
    Equivalent(
        "rules/planner.py",
        "plan",
        "asked.conditions",
        "True",
        "Only the speed differs: a line without conditions has none that is not met.",
    ),
    Equivalent(
        "rules/sizes.py",
        "text_bytes",
        "len(text) if text.isascii() else len(text.encode('utf-8', 'surrogatepass'))",
        "(len(text.encode('utf-8', 'surrogatepass')))",
        "Only the speed differs: a text in ASCII takes one byte for each character.",
    ),
    *(
        Equivalent(
            "rules/named_users.py",
            "resolve",
            old,
            new,
            "One user alone is in order; sorting none or one of them changes nothing.",
        )
        for old, new in (
            ("1", "(0)"),
            ("len(found) > 1", "(len(found) >= 1)"),
            (
                "tuple(sorted(set(found))) if len(found) > 1 else tuple(found)",
                "(tuple(sorted(set(found))))",
            ),
        )
    ),
    Equivalent(
        "use_cases/accounts.py",
        "_newest",
        "receipt.version > first.version",
        "(receipt.version >= first.version)",
        "A change that comes twice is taken back twice, to what was there before it.",
    ),
    *(
        Equivalent(
            "use_cases/accounts.py",
            "_page",
            "2",
            new,
            "How many accounts are read at a time decides the pace; the rows are the same.",
        )
        for new in ("(3)", "(1)")
    ),
    *(
        Equivalent(
            module,
            scope,
            "''",
            "('~')",
            "A page has looked at a row before it gets a cursor, and the first row always fits.",
            nth=nth,
        )
        for module, scope, nth in (
            ("use_cases/accounts.py", "_page", 1),
            ("use_cases/paging.py", "page_among", 1),
            ("use_cases/requests.py", "requests_mine", 2),
        )
    ),
    *(
        Equivalent(
            "use_cases/samples.py",
            "_read",
            "0",
            new,
            "A chunk's lines are read with the number of its first line alone.",
            nth=nth,
        )
        for nth in (1, 2, 3)
        for new in ("(1)", "(-1)")
    ),
    Equivalent(
        "use_cases/audit.py",
        "audit_page",
        "before <= filters.since",
        "(before < filters.since)",
        "A period of no length has no entries, whether they are looked for or not.",
    ),
    Equivalent(
        "use_cases/paging.py",
        "cursor_at",
        "'='",
        "('=~')",
        "Base64 has no tilde that could be removed.",
    ),
    Equivalent(
        "use_cases/paging.py",
        "place_at",
        "''",
        "('~')",
        "A text that cannot be decoded is the cursor of no place, so it is refused.",
    ),
    Equivalent(
        "http/describing.py",
        "_describe_queries",
        "forms",
        "False",
        "No query has null beside two other forms, so the forms stay as they are.",
    ),
    Equivalent(
        "use_cases/samples.py",
        "sample_of",
        "1",
        "(2)",
        "The version of a definition that is only tried is shown nowhere.",
    ),
    Equivalent(
        "use_cases/reassignments.py",
        "_cell",
        "''",
        "('~')",
        "A profile without a separator allows one name, which needs none.",
    ),
    Equivalent(
        "use_cases/imports.py",
        "download_name",
        "'._-'",
        "('._-~')",
        "A tilde is no longer there: another letter has replaced it.",
    ),
    Equivalent(
        "use_cases/result_lines.py",
        "_found",
        "block.index_end - start",
        "(block.index_end + start)",
        "Each section is read by its own length, so what follows the last is not read.",
    ),
    Equivalent(
        "use_cases/result_lines.py",
        "_run",
        "one.end - start",
        "(one.end + start)",
        "Of the text that begins with a row only this row is read, not what follows it.",
    ),
    Equivalent(
        "use_cases/accounts.py",
        "portal_managers",
        "1",
        "(2)",
        "Two holdings beyond the page say as well as one that another page follows.",
    ),
    Equivalent(
        "use_cases/result_summary.py",
        "_announced_at",
        "resources.tables.tickets.find(item.ticket) if item.ticket else None",
        "(resources.tables.tickets.find(item.ticket))",
        "No ticket is called None, so one call more finds nothing.",
    ),
    Equivalent(
        "use_cases/samples.py",
        "_read",
        "'replace'",
        "('replace~')",
        "The API refuses text without a form in UTF-8 before, so nothing is left to replace.",
    ),
    Equivalent(
        "reading/windows.py",
        "Window.field",
        "1",
        "(2)",
        "No field that is there begins after the last separator or ends there by this way.",
        nth=5,
    ),
    Equivalent(
        "reading/quotes.py",
        "separator_table",
        "256",
        "(257)",
        "No byte is as large.",
        1,
    ),
    Equivalent(
        "rules/damage.py",
        "likely_ids",
        "1",
        "(0)",
        "Filled to its own length, a number stays as it is, and it is in the list already.",
        1,
    ),
    Equivalent(
        "rules/directory_lines.py",
        "_too_long",
        "4",
        "(5)",
        "Only the speed differs: more texts are measured.",
        1,
    ),
    Equivalent(
        "rules/resending.py",
        "wait_seconds",
        "10",
        "(11)",
        "Both powers are more than the longest wait.",
        1,
    ),
    Equivalent(
        "rules/directory_planner.py",
        "login_asked",
        "''",
        "('~')",
        "A user has one login name, so nothing is joined.",
        2,
    ),
    Equivalent(
        "profiles/matching/meaning.py",
        "_parts",
        "1",
        "(2)",
        "No part has a single character.",
        1,
    ),
    Equivalent(
        "rules/repeats.py",
        "repeated_login",
        "column.label if column is not None else binding.key_label",
        "(column.label)",
        "Only a file with this column has repeated login names: the types do not show it.",
        1,
    ),
    Equivalent(
        "rules/named_users.py",
        "user_named",
        "'@'",
        "('@~')",
        "Nothing that holds an at sign is looked up as a name.",
        1,
    ),
    Equivalent(
        "reading/keys.py",
        "KeyHasher.hashes",
        "0",
        "(-1)",
        "Only the speed differs: a quote is looked for that is not there.",
        3,
    ),
    Equivalent(
        "store/accounts.py",
        "Accounts.beginning",
        "max(text, after, key=str.encode)",
        "(max(text, after))",
        "Python orders texts by code point, which is the order of their bytes in UTF-8.",
    ),
    Equivalent(
        "store/accounts.py",
        "Accounts.beginning",
        "merge(*begun(shards), key=str.encode)",
        "(merge(*begun(shards)))",
        "Python orders texts by code point, which is the order of their bytes in UTF-8.",
    ),
    *(
        Equivalent(
            "reading/clearing.py",
            scope,
            old,
            new,
            "Only the speed differs: more fields are looked at, each with the same result.",
            nth,
        )
        for scope, old, new, nth in (
            ("ClearingCounter._is_filled", "end > begin", "(end >= begin)", 1),
            ("ClearingCounter._clears", "lengths > 0", "(lengths >= 0)", 1),
            ("ClearingCounter._clears", "0", "(-1)", 2),
            ("ClearingCounter._clears", "len(short)", "True", 1),
            ("ClearingCounter._long", "end - begin > _MAX_BYTES", "(end - begin >= _MAX_BYTES)", 1),
            ("ClearingCounter._long", "not len(places)", "False", 1),
            ("ClearingCounter._may_be_words", "not window.data.isascii()", "True", 1),
            ("ClearingCounter._may_be_words", "3", "(4)", 1),
            ("ClearingCounter.__init__", "3", "(4)", 1),
        )
    ),
    *(
        Equivalent(
            "reading/data_lines.py",
            "data_lines",
            old,
            new,
            "Only the speed differs: csv.reader or the loop decides about more or fewer records.",
            nth,
        )
        for old, new, nth in (
            ("may_be_blank[first] & is_line", "(may_be_blank[first] | is_line)", 1),
            ("1", "(2)", 3),
            ("1", "(0)", 3),
            ("second >= ends[odd]", "(second > ends[odd])", 1),
            ("not len(odd)", "False", 1),
            ("at < ends[odd]", "(at <= ends[odd])", 1),
            ("not is_within.any()", "False", 1),
            (
                "ends[odd] - window.starts[odd] <= _BYTES_AT_ONCE",
                "(ends[odd] - window.starts[odd] < _BYTES_AT_ONCE)",
                1,
            ),
            (
                "ends[odd] - window.starts[odd]",
                "(ends[odd] + window.starts[odd])",
                1,
            ),
        )
    ),
    *(
        Equivalent(
            "reading/keys.py",
            scope,
            old,
            new,
            "Only the speed differs: Python or a mask looks at more keys, with the same hashes.",
            nth,
        )
        for scope, old, new, nth in (
            ("hash_ranges", "8", "(9)", 2),
            ("hash_ranges", "shortest > offset", "False", 1),
            ("_mix", "not is_full", "True", 1),
            ("hash_ranges", "shortest >= offset + 8", "(shortest > offset + 8)", 1),
            ("KeyHasher.hashes", "is_odd &= lengths > 0", "pass", 1),
            ("KeyHasher.hashes", "lengths > 0", "(lengths >= 0)", 1),
            ("KeyHasher.hashes", "0", "(-1)", 1),
            (
                "KeyHasher.hashes",
                'self.dialect.is_report and window.data.find(b"\'") >= 0',
                "True",
                1,
            ),
            (
                "KeyHasher.hashes",
                'self.dialect.is_report and window.data.find(b"\'") >= 0',
                '(self.dialect.is_report or window.data.find(b"\'") >= 0)',
                1,
            ),
            ("KeyHasher.hashes", "not window.data.isascii()", "True", 1),
            ("KeyHasher.hashes", "not needs_python.any()", "False", 1),
            ("_unquoted", "not len(quoted)", "False", 1),
        )
    ),
    *(
        Equivalent(
            "reading/csv_lines.py",
            "_may_hold_long_field",
            old,
            new,
            "Only the speed differs: fields are measured that cannot be too long.",
        )
        for old, new in (
            ("b'\"' in data", "True"),
            (
                "data.find(b'\\n', start, start + look) < 0",
                "(data.find(b'\\n', start, start + look) <= 0)",
            ),
            ("2", "(3)"),
        )
    ),
    Equivalent(
        "reading/windows.py",
        "Window.field",
        "column < width and (self.widths == width).all()",
        "False",
        "Only the speed differs: records of one width are found as those of several are.",
    ),
    Equivalent(
        "reading/repeats.py",
        "_repeated",
        "low - 2",
        "(low + 2)",
        "A hash that is listed twice only takes a group that stays empty.",
    ),
    Equivalent(
        "rules/reasons.py",
        "since",
        "receipt.version > newest.version",
        "(receipt.version >= newest.version)",
        "Two receipts of an account never have one version.",
    ),
    Equivalent(
        "store/accounts.py",
        "Accounts.put_fields",
        "0",
        "(-1)",
        "All accounts of a call are of one tenant.",
    ),
    Equivalent(
        "store/directory_records.py",
        "write_records",
        "0",
        "(-1)",
        "All records of a call are of one tenant.",
    ),
    Equivalent(
        "store/user_records.py",
        "UserRecords.write",
        "0",
        "(-1)",
        "All users of a call are of one tenant.",
    ),
    Equivalent(
        "store/directory_records.py",
        "field_values",
        "0",
        "(-1)",
        "A field that is a text has at most one.",
    ),
    Equivalent(
        "store/portfolios.py",
        "Portfolios._held",
        "known.version < item.version",
        "(known.version <= item.version)",
        "At two places, items of one version have the same content.",
    ),
    Equivalent(
        "store/audit.py",
        "_month_before",
        "1",
        "(2)",
        "Two days before the first of a month is the month before, too.",
    ),
    Equivalent(
        "store/short_way.py",
        "",
        "'handover_input'",
        "('handover_input~')",
        "Only this module uses the key, for one call.",
    ),
    Equivalent(
        "store/short_way.py",
        "_keep_input",
        "_CALLS[model.name]",
        "None",
        "Only the speed differs: botocore serializes the input, and another body takes its place.",
    ),
    Equivalent(
        "store/accounts.py",
        "account_keys",
        "len(account_id) + len(prefix)",
        "(len(account_id) - len(prefix))",
        "Only the speed differs: the bytes of more ids are counted, with the same result.",
    ),
    *(
        Equivalent(
            "store/portfolios.py",
            "_is_key",
            "0",
            new,
            "The keys of all shards have the same length.",
        )
        for new in ("(1)", "(-1)")
    ),
    *(
        Equivalent(
            "store/watermarks.py",
            scope,
            old,
            new,
            "The same value stored again leaves the same item.",
        )
        for scope, old, new in (
            (
                "Watermarks.raise_watermark",
                "WatermarkItem.ended_until < until",
                "(WatermarkItem.ended_until <= until)",
            ),
            ("Watermarks.note_taken", "newest < sent_at", "(newest <= sent_at)"),
        )
    ),
    *(
        Equivalent(
            "store/users.py",
            "People._login_actions",
            old,
            new,
            "It only makes a body unlike all others: bodies are compared whole.",
        )
        for old, new in (("'once'", "('once~')"), ("8", "(9)"), ("8", "(7)"))
    ),
    *(
        Equivalent(
            module,
            scope,
            old,
            new,
            "In a key of the index a name as long has no room beside it for an address.",
        )
        for module, scope, old, new in (
            (
                "store/users.py",
                "People.called",
                "len(beginning.encode()) > MAX_NAME_BYTES",
                "(len(beginning.encode()) >= MAX_NAME_BYTES)",
            ),
            (
                "store/directory.py",
                "Directory.users_by_name",
                "len(name.encode()) <= MAX_NAME_BYTES",
                "(len(name.encode()) < MAX_NAME_BYTES)",
            ),
        )
    ),
    Equivalent(
        "jobs/follow.py",
        "_asks_for_a_recheck",
        "False",
        "None",
        "The caller asks only whether it is true.",
    ),
    Equivalent(
        "pipeline/abandon.py",
        "_refuse",
        "item.ticket is not None",
        "True",
        "Only a read more: no ticket is stored without a name.",
    ),
    Equivalent(
        "pipeline/convert.py",
        "_fetch",
        "0",
        "(1)",
        "An upload of unknown size is refused alike with no byte and with one.",
    ),
    Equivalent(
        "pipeline/lines.py",
        "_Application._store.take",
        "self._decide_again(writes, unmet, asked, decided) if unmet else []",
        "(self._decide_again(writes, unmet, asked, decided))",
        "Only the time differs: without a record to decide on nothing is decided.",
    ),
    Equivalent(
        "pipeline/planners.py",
        "RecordPlanner._context",
        "_default_manager(self.resources, work.tenant) if new else None",
        "(_default_manager(self.resources, work.tenant))",
        "Only a read more: the default manager concerns new accounts alone.",
    ),
    *(
        Equivalent(
            "reading/clearing.py",
            scope,
            old,
            new,
            "Only the speed differs: more long fields are looked at, each with the same result.",
            nth,
        )
        for scope, old, new, nth in (
            ("ClearingCounter._long", "dialect.is_report", "True", 1),
            ("ClearingCounter._long", "1", "(2)", 1),
            (
                "ClearingCounter._may_be_words",
                "np.searchsorted(beyond, begin) < np.searchsorted(beyond, end)",
                "(np.searchsorted(beyond, begin) <= np.searchsorted(beyond, end))",
                1,
            ),
        )
    ),
    *(
        Equivalent(
            "reading/clearing.py",
            "ClearingCounter.__init__",
            "0",
            new,
            "Without a separator any byte does that no edge has, or that is odd anyway.",
            1,
        )
        for new in ("(-1)", "(1)")
    ),
    Equivalent(
        "reading/clearing.py",
        "ClearingCounter.__init__",
        "0",
        "(1)",
        "Only fields of more than 16 bytes are compared with it, and it is less without words.",
        2,
    ),
    Equivalent(
        "reading/clearing.py",
        "ClearingCounter._may_be_words",
        "window.view >= 128",
        "(window.view > 128)",
        "The first byte of a character that is not ASCII is greater than 128.",
        1,
    ),
    Equivalent(
        "reading/clearing.py",
        "ClearingCounter._short",
        "56",
        "(55)",
        "It only groups equal fields; those of one group that differ are judged one by one.",
        1,
    ),
    *(
        Equivalent(
            "reading/csv_lines.py",
            scope,
            old,
            new,
            "Only the speed differs: a field that is too long fills one of these ranges too.",
            nth,
        )
        for scope, old, new, nth in (
            ("_may_hold_long_field", "0", "(1)", 1),
            ("_may_hold_long_field", "0", "(-1)", 2),
            ("_may_hold_long_field", "start + look", "(start - look)", 1),
        )
    ),
    *(
        Equivalent(
            "reading/guards.py",
            "unguard",
            "not value.isascii() and _PICTURED.search(value)",
            new,
            "Only the speed differs: a value without a picture stays as it is.",
            1,
        )
        for new in ("True", "(not value.isascii() or _PICTURED.search(value))")
    ),
    Equivalent(
        "reading/guards.py",
        "guard",
        "_NEEDS_PICTURE.search(value)",
        "True",
        "Only the speed differs: a value without such a character stays as it is.",
        1,
    ),
    *(
        Equivalent(
            "reading/keys.py",
            scope,
            old,
            new,
            "Only the speed differs: Python looks at more keys, with the same hashes.",
            nth,
        )
        for scope, old, new, nth in (
            ("KeyHasher.hashes", 'view == ord("\'")', '(view != ord("\'"))', 1),
            ("KeyHasher.hashes", "128", "(127)", 1),
            (
                "_with_pictures",
                "(view[:-1] == lead) & (view[1:] == follower)",
                "((view[:-1] == lead) | (view[1:] == follower))",
                1,
            ),
        )
    ),
    Equivalent(
        "reading/keys.py",
        "KeyHasher.hashes",
        "0",
        "(1)",
        "The hash of such a key is overwritten with the one that Python finds.",
        4,
    ),
    Equivalent(
        "reading/labels.py",
        "normal_label",
        "not label.isascii()",
        "True",
        "No ASCII character is invisible, so nothing is left out.",
        1,
    ),
    *(
        Equivalent(
            "reading/lineends.py",
            scope,
            old,
            new,
            "Only the speed differs: without a CR there is nothing to count.",
            nth,
        )
        for scope, old, new, nth in (("count_line_ends", "0", "(-1)", 2),)
    ),
    Equivalent(
        "reading/own_columns.py",
        "are_results",
        "1",
        "(2)",
        "One place more has fewer labels after it than are compared.",
        1,
    ),
    Equivalent(
        "reading/parsing.py",
        "count_line_ends",
        "text.count('\\r\\n') if returns else 0",
        "(text.count('\\r\\n'))",
        "Only the speed differs: text without a CR has no CRLF.",
        1,
    ),
    Equivalent(
        "reading/repeats.py",
        "_repeated",
        "2",
        "(1)",
        "A hash that is listed twice only takes a group that stays empty.",
        1,
    ),
    Equivalent(
        "reading/repeats.py",
        "_replace_by_groups",
        "1",
        "(2)",
        "The table only gets places that are never used.",
        1,
    ),
    Equivalent(
        "reading/repeats.py",
        "_digests",
        "1",
        "(2)",
        "numpy takes every negative size for an unknown one.",
    ),
    Equivalent(
        "reading/windows.py",
        "Window.field",
        "self.widths == width",
        "(self.widths != width)",
        "Only the speed differs: records of one width are found as those of several are.",
        1,
    ),
    Equivalent(
        "reading/windows.py",
        "Window.field",
        "1",
        "(2)",
        "No field that is there begins after the last separator or ends there by this way.",
        4,
    ),
    Equivalent(
        "reading/windows.py",
        "_Cut.__init__",
        "has_quotes",
        "True",
        "Only the speed differs: without quotes every separator is outside them.",
        2,
    ),
    Equivalent(
        "reading/windows.py",
        "windows",
        "continue",
        "break",
        "Only the last piece may be empty.",
        1,
    ),
    Equivalent(
        "reading/keys.py",
        "hash_ranges",
        "shortest == 0",
        "True",
        "Only the speed differs: without an empty key no hash is set here.",
        1,
    ),
    Equivalent(
        "reading/keys.py",
        "field_values",
        "0",
        "(-1)",
        "The record of a raw field has one field.",
        1,
    ),
    Equivalent(
        "reading/repeats.py",
        "_replace_by_groups",
        "64",
        "(65)",
        "Twice as many hashes share a place of the table, and each is still searched for.",
        1,
    ),
    Equivalent(
        "reading/clearing.py",
        "_odd",
        "32",
        "(33)",
        "Only the speed differs: more long fields are looked at, each with the same result.",
        1,
    ),
    Equivalent(
        "reading/sniff.py",
        "_closes",
        "1",
        "(2)",
        "There is one record, or three: the header, a blank one and the appended one.",
        1,
    ),
    Equivalent(
        "reading/windows.py",
        "_pieces",
        "len(block) > window_bytes",
        "(len(block) >= window_bytes)",
        "A block of exactly that size is one piece either way.",
        1,
    ),
    *(
        Equivalent(
            "profiles/matching/meaning.py",
            "words_of",
            old,
            new,
            "Between words any sign separates as the space does.",
        )
        for old, new in (("' number '", "(' number ~')"), ("' e\\\\1 '", "(' e\\\\1 ~')"))
    ),
    Equivalent(
        "http/problems.py",
        "",
        "'body'",
        "('body~')",
        "Only the description uses the key, and replaces it by the schema.",
    ),
    Equivalent(
        "pipeline/planners.py",
        "RecordPlanner._context",
        "one.record_id not in records or is_made_later(records[one.record_id], work.context)",
        "True",
        "Only reads more: what is looked up for an existing account is not used.",
    ),
    *(
        Equivalent(
            "pipeline/import_plan.py",
            "ImportPlan.binding",
            "1",
            new,
            "A refusal alone names the line, and a plan has columns that were bound before.",
        )
        for new in ("(2)", "(0)")
    ),
    *(
        Equivalent(
            "pipeline/validate.py",
            "_fitting",
            "1",
            new,
            "A refusal alone names the line, and these refusals are dropped.",
        )
        for new in ("(2)", "(0)")
    ),
    Equivalent(
        "pipeline/applying.py",
        "bind_to_preview",
        "':'",
        "(':~')",
        "The index is a list of lists: without an object no colon is written.",
    ),
    *(
        Equivalent(module, scope, "':'", "(':~')", "A list is written: there is no colon.")
        for module, scope in (
            ("pipeline/import_plan.py", "repeats_json"),
            ("pipeline/older_imports_list.py", "with_older_imports"),
        )
    ),
    *(
        Equivalent(
            "pipeline/validate.py",
            "_preview",
            "0",
            new,
            "A preview compares no lines, so neither the key nor its seed matters.",
            nth,
        )
        for nth, new in ((1, "(1)"), (2, "(1)"), (2, "(-1)"))
    ),
    Equivalent(
        "pipeline/validate.py",
        "_scan",
        "fingerprint.through(blocks) if admitted.sender.principal else blocks",
        "(fingerprint.through(blocks))",
        "Only the time differs: a fingerprint is compared only for a file of a source.",
    ),
    Equivalent(
        "pipeline/validate.py",
        "_gather",
        "directory.user(tenant, sender.uploader) if has_uploader(sender) else None",
        "(directory.user(tenant, sender.uploader))",
        "Only a read more: the user of a file that nobody is responsible for is not used.",
    ),
    Equivalent(
        "pipeline/older_imports.py",
        "older_open_imports_of",
        "0.0",
        "(1.0)",
        "Nothing was uploaded in the first second of 1970.",
    ),
    Equivalent(
        "pipeline/sweep.py",
        "_sweep_part",
        "len(waiting) == UPLOADS_AT_A_TIME",
        "False",
        "How many uploads are looked up at a time decides the calls; all are looked up.",
    ),
    Equivalent(
        "pipeline/result_files.py",
        "write_results",
        "1",
        "(0)",
        "Only the time differs: rows and index of a single chunk are written one after the other.",
    ),
    Equivalent(
        "pipeline/validate.py",
        "_scan",
        "0",
        "(-1)",
        "No file has fewer lines than none.",
    ),
)
