"""Every text of the console, in one place. A text with `|` has a form for one and one for more."""

from __future__ import annotations

TEXTS = {
    "product": "Handover",
    "skip": "Skip to the content",
    "nav": "Main",
    "nav.home": "Home",
    "nav.import": "Import",
    "nav.imports": "History",
    "nav.approvals": "Approvals",
    "nav.accounts": "Accounts",
    "sign_in": "Sign in",
    "sign_in_again": "Sign in again",
    "sign_out": "Sign out",
    "any": "Any",
    "nobody": "nobody",
    "not_yet": "{name} (no user yet)",
    "unnamed": "File without a name",
    "filter": "Filter",
    "filter.clear": "Clear",
    "becomes": "becomes",
    "seconds": "{n} second|{n} seconds",
    # What a person sees before signing in
    "welcome.title": "Sign in",
    "welcome.head": "Account managers, handed over in minutes",
    "welcome.lead": (
        "Drop a spreadsheet, see exactly what will change, apply exactly that, and fix what is"
        " wrong on the spot."
    ),
    "welcome.invited": "An Admin of your organisation must invite you before you can sign in.",
    # Places in a table
    "column.file": "File",
    "column.state": "State",
    "column.lines": "Lines",
    "column.line": "Line",
    "column.changed": "Changed",
    "column.problems": "Problems",
    "column.profile": "Profile",
    "column.person": "Person",
    "column.source": "Source",
    "column.when": "When",
    "column.account": "Account",
    "column.outcome": "Outcome",
    "column.change": "Before → after",
    # States, modes, outcomes, stages
    "state.awaiting_upload": "Waiting for the file",
    "state.validating": "Reading",
    "state.awaiting_approval": "Needs approval",
    "state.processing": "Working",
    "state.finalizing": "Finishing",
    "state.done": "Done",
    "state.error": "Done, with problems",
    "state.refused": "Refused",
    "state.cancelled": "Cancelled",
    "mode.run": "Applied",
    "mode.dry_run": "Preview",
    "mode.preview": "Columns",
    "outcome.updated": "changed",
    "outcome.cleared": "cleared",
    "outcome.pending": "waiting for a user",
    "outcome.unchanged": "already so",
    "outcome.rejected": "with a problem",
    "outcome.duplicate": "repeated",
    "outcome.superseded": "overtaken",
    "outcome.not_processed": "not worked",
    "stage.uploading": "Upload",
    "stage.reading": "Read",
    "stage.waiting": "Approval",
    "stage.working": "Decide",
    "stage.finishing": "Finish",
    "steps": "Steps of an import",
    "step.file": "File",
    "step.columns": "Columns",
    "step.preview": "Preview",
    "step.apply": "Apply",
    # Home
    "home.hello": "Hello, {name}",
    "home.empty.title": "Nothing has been imported yet",
    "home.empty.text": (
        "Start with a spreadsheet that has an account and its manager in each line. Nothing changes"
        " until you have seen the preview."
    ),
    "home.waiting": "Waiting for approval",
    "home.waiting.by": "by {person},",
    "home.waiting.none": "No import needs approval.",
    "home.fix": "Your lines to fix",
    "home.fix.lines": "{n} line|{n} lines",
    "home.fix.none": "All your lines were good.",
    "home.last": "Last imports",
    "home.all": "All imports",
    # History
    "history.filter": "Filter imports",
    "history.mode": "Kind",
    "history.since": "From",
    "history.until": "To",
    "history.undo_of": "undo of another import",
    "history.follows": "follows another import",
    "history.older": "Older imports",
    "history.looked": "Searched {n} import so far.|Searched {n} imports so far.",
    "history.none.title": "No import matches",
    "history.none.text": (
        "Searched {n} import. Change or clear the filters, or go on with older imports.|"
        "Searched {n} imports. Change or clear the filters, or go on with older imports."
    ),
    # Import
    "import.button": "Import a file",
    "import.again": "Import another file",
    "import.title": "Import a file",
    "import.lead": "Nothing changes until you have seen the preview and applied it.",
    "import.choose": "Choose a file",
    "import.drop": "or drop it here",
    "import.kinds": "CSV, or text with tabs or semicolons, from Excel, a CRM or a billing system.",
    "import.sending": "Upload",
    "import.failed": (
        "The file did not arrive. Nothing was changed and nothing was lost. Check your connection"
        " and choose the file again."
    ),
    "import.paste": "Or paste cells from a spreadsheet",
    "import.paste.label": "Cells, with their header in the first line",
    "import.paste.go": "Use these cells",
    "import.plain.name": "Name of your file",
    "import.plain.go": "Go on",
    "import.templates": "Start from a template",
    "import.templates.none": (
        "No profile is switched on. An Admin must switch one on before files can be imported."
    ),
    "upload.title": "Send the file",
    "upload.send": "Choose the file and send it. The form can be used once, within five minutes.",
    "upload.file": "File",
    "upload.go": "Send",
    "upload.then": "Then go on:",
    "upload.next": "See the columns",
    # Columns
    "columns.title": "Columns",
    "columns.read": "{n} line|{n} lines",
    "columns.no_profile.title": "You may not import such files",
    "columns.no_profile.text": (
        "No profile is open to you. Nothing was changed. Ask an Admin of your organisation."
    ),
    "columns.profile": "What this file is",
    "columns.fits": "fits",
    "columns.misses": "misses {columns}",
    "columns.unsure": "{n} column needs a look.|{n} columns need a look.",
    "columns.sure": "Nothing needs a look.",
    "columns.missing": "Choose which column of your file is: {columns}.",
    "columns.theirs": "In your file",
    "columns.ours": "In Handover",
    "columns.how": "Match",
    "columns.unnamed": "Column {n}, without a name",
    "columns.label": "What “{header}” is",
    "columns.leave_out": "Leave out",
    "columns.required": "* must be there. Your choice is remembered for files of the same shape.",
    "columns.go": "Preview the changes",
    "columns.safe": "The preview changes nothing.",
    "columns.first": "The first line of the file|The first {n} lines of the file",
    "how.exact": "same name",
    "how.alias": "known name",
    "how.remembered": "as last time",
    "how.near": "likely, check it",
    "how.none": "not used",
    # Progress
    "progress.title": "Progress",
    "progress.bar": "Lines settled",
    "progress.settled": "Lines settled",
    "progress.of": "of {total}",
    "progress.speed": "Lines a second",
    "progress.left": "Time left",
    "progress.close": "You can close this page. The work goes on; History leads back here.",
    "progress.cancel": "Cancel this import",
    "progress.ending": "It is being cancelled. What is being written is finished first.",
    "progress.no_file": "The file has not arrived yet.",
    "progress.waits": (
        "This import takes managers off many accounts, so an Admin must approve it first. Nothing"
        " has changed yet."
    ),
    # Refused and cancelled
    "refused.title": "The file was refused",
    "refused.lost": (
        "No line was applied, so nothing changed. Correct the file and import it again."
    ),
    "cancelled.title": "The import was cancelled",
    "cancelled.by": "Cancelled by {person}.",
    "cancelled.lost": "Lines that were applied before stay applied; all others changed nothing.",
    # Preview and result
    "preview.title": "Preview",
    "preview.apply": "Apply this change|Apply these {n} changes",
    "preview.exactly": (
        "Exactly these changes are applied. A line whose account changes before is left alone and"
        " reported."
    ),
    "preview.nothing": "There is nothing to apply: no line changes an account.",
    "preview.back": "Back to the columns",
    "managers": "Manager",
    "managers.title.dry": "Who will gain and lose accounts",
    "managers.title.run": "Who gained and lost accounts",
    "managers.gains": "Gains",
    "managers.loses": "Loses",
    "managers.none": "Nobody gains or loses an account.",
    "codes.title": "Problems",
    "codes.none": "No line has a problem.",
    "lines.title": "Line by line",
    "lines.filter": "Filter lines",
    "lines.outcome": "Outcome",
    "lines.code": "Problem",
    "lines.q": "Line or account",
    "lines.q.hint": "17 or KE1008",
    "lines.none": "No line matches. Change the filters to see others.",
    "lines.not_kept": "What became of each line cannot be shown here.",
    "lines.more": "More lines",
    "lines.matching": "{n} line matches.|{n} lines match.",
    "result.title": "Result",
    "result.changed": "{n} account changed.|{n} accounts changed.",
    "result.all_good": "All lines were good.",
    "result.to_fix": (
        "{n} line has a problem; fix it below.|{n} lines have problems; fix them below."
    ),
    "result.report": "Download the lines with problems",
    "result.results": "Download every line with its outcome",
    "result.by": "Uploaded by {person},",
    "fix.title": "Lines to fix",
    "fix.lead": (
        "Correct the marked cells and apply only these lines again. Lines that you do not change"
        " stay as they are."
    ),
    "fix.problem": "Problem",
    "fix.cell": "{header}, line {line}",
    "fix.take": "Use {value}",
    "fix.suggested": "Perhaps {value}",
    "fix.alike": "Use it in this line|Use it in all {n} like it",
    "fix.send": "Apply the corrected lines",
    "fix.changed": "{n} line corrected|{n} lines corrected",
    "fix.nothing": "No cell was changed, so nothing was sent. Correct a marked cell first.",
    # Approvals
    "approvals.lead": "An Admin looks at an import that takes many managers off before it applies.",
    "approvals.why": "Why it waits",
    "approvals.clears": ("{n} of {lines} lines take somebody off an account, as far as counted."),
    "approvals.admins": "Only an Admin of your organisation can approve it.",
    "approvals.none.title": "Nothing waits for approval",
    "approvals.none.text": (
        "Imports that would take managers off many accounts stop here until an Admin has looked."
    ),
    "approval.title": "Approve an import",
    "approval.back": "All approvals",
    "approval.why": "Why it waits",
    "approval.because": "This file {reason}.",
    "approval.mine": (
        "You uploaded this file yourself. Let another Admin look at it first if there is one."
    ),
    "approval.approve": "Approve: apply the changes",
    "approval.refuse": "Refuse: change nothing",
    "approval.then": "Your name is kept with the decision.",
    "approval.losses": "Who would be taken off",
    "approval.preview": "See the whole preview",
    "approval.blind.title": "Who would lose whom is not known yet",
    "approval.blind.text": (
        "This file was sent without a preview, so its lines are decided only after approval. To"
        " see them first, refuse it and let its sender preview the file here."
    ),
    # Undo
    "undo.title": "Undo",
    "undo.preview": "Preview the undo",
    "undo.back": "The import that this takes back",
    "undo.reversed": (
        "{n} account gets back what it had before.|{n} accounts get back what they had before."
    ),
    "undo.left": "{n} line is left alone, see why below.|{n} lines are left alone, see why below.",
    "undo.all": "Nothing is left alone.",
    "undo.apply": "Take back this change|Take back these {n} changes",
    "undo.exactly": (
        "Exactly these changes are taken back. An account that changes before is left alone and"
        " reported. An undo can be undone."
    ),
    "undo.nothing": (
        "There is nothing to take back: every account has changed since, or is as it was."
    ),
    "undo.left.title": "Left alone, and why",
    "undo.left.all": "See all lines that are left alone",
    # Accounts
    "accounts.filter": "Search accounts",
    "accounts.id": "Account ID",
    "accounts.holder": "Held by",
    "accounts.holder.hint": "name or address",
    "accounts.portal": "Portal",
    "accounts.status": "Status",
    "accounts.opco": "Operating company",
    "accounts.customer_id": "Customer ID",
    "accounts.team": "Team",
    "accounts.export": "Export as CSV",
    "accounts.export.many": (
        "More than {most} accounts match, or their file is too large for a page. Narrow the search,"
        " or use the command handover export."
    ),
    "accounts.kept": "Nothing was changed.",
    "accounts.tick": "Choose",
    "accounts.tick.one": "Choose {id}",
    "accounts.every": "Choose all on this page",
    "accounts.more": "More accounts",
    "accounts.hand": "Hand over",
    "accounts.which.ticked": "The accounts ticked above",
    "accounts.which.all": "All that match the search, on every page",
    "accounts.which.whole": "All accounts of your organisation",
    "accounts.ticked": "({n} account)|({n} accounts)",
    "accounts.none_ticked": "No account is ticked. Tick some, or choose all that match.",
    "accounts.hand.preview": "Preview the hand-over",
    "accounts.hand.many": "More than {most} accounts match. Narrow the search and do it in parts.",
    "accounts.beside": (
        "With all that match, only the place of {holder} is taken; colleagues beside them stay."
    ),
    "accounts.instead": "Whoever holds the role now gives it up.",
    "accounts.none.title": "No account matches",
    "accounts.none.text": "Check the spelling: IDs, addresses and portals must be written in full.",
    "accounts.none.yet": "No account matches so far",
    "accounts.go_on": "Go on searching",
    "accounts.empty.title": "There are no accounts yet",
    "accounts.empty.text": (
        "Accounts come from your systems, or from a file of the directory that an Admin imports."
    ),
    "status.active": "active",
    "status.inactive": "inactive",
    # Who is to hold a role
    "whom.role": "Role, and the profile whose rules count",
    "whom.choice": "{role} · {profile}",
    "whom.to": "Who takes over",
    "whom.to.hint": "name or address; several with commas",
    "whom.nobody": "Nobody: take the role off",
    "whom.no_role": "Choose the role.",
    "whom.no_one": "Name who takes over, or choose nobody.",
    "whom.both": "Either name somebody or choose nobody.",
    "whom.unknown": "There is no active user called “{name}”. Check the name, or enter an address.",
    "whom.several": "Several users are called “{name}”: {people}. Enter the address of one.",
    # An account
    "account.back": "All accounts",
    "account.saved": "The change is saved.",
    "account.facts": "About",
    "account.team": "Team now",
    "account.nobody": "Nobody is assigned.",
    "account.then": "Who held it on a date",
    "account.then.date": "Date",
    "account.then.go": "Show",
    "account.then.at": "As it was at",
    "account.then.text": "Choose a date to see who held it at the end of that day (UTC).",
    "account.edit": "Change who is assigned",
    "account.check": "Check the change",
    "account.check.text": "Nothing is saved until you have seen what would change.",
    "account.checked": "What would change",
    "account.same": "Nothing: the account is so already.",
    "account.save": "Save this change",
    "account.leave": "Leave it as it is",
    "account.kept": "Nothing was changed.",
    "account.changes": "What has changed",
    "account.by": "by {actor},",
    "account.by_hand": "edited by hand",
    "account.line": "line {line} of an import",
    "account.import": "by an import",
    "account.later": "Later changes",
    "account.no_changes": "Nothing has changed on this account yet.",
    # Problems: what happened, what was lost, what to do
    "problem.home": "Go to Home",
    "problem.invalid.title": "That cannot be done as asked",
    "problem.invalid.lost": "Nothing was changed and nothing was lost.",
    "problem.invalid.do": "Go back, correct it and try again.",
    "problem.ended.title": "Your sign-in has ended",
    "problem.ended.lost": "Nothing was changed and nothing was lost.",
    "problem.ended.do": "Sign in again, then repeat the last step.",
    "problem.forbidden.title": "You may not do this",
    "problem.forbidden.lost": "Nothing was changed.",
    "problem.forbidden.do": "Ask an Admin of your organisation if you should be able to.",
    "problem.not_found.title": "There is nothing here",
    "problem.not_found.lost": "The address leads nowhere, or to something that is not yours.",
    "problem.not_found.do": "Check the link, or look for the import in History.",
    "problem.conflict.title": "It is too late for this",
    "problem.conflict.lost": "Nothing was changed by what you just did.",
    "problem.conflict.do": "Look at the import again: it has moved on.",
    "problem.too_many.title": "Too many requests at once",
    "problem.too_many.lost": "Nothing was changed and nothing was lost.",
    "problem.too_many.do": "Wait a few seconds, then try again.",
    "problem.busy.title": "A service is busy",
    "problem.busy.lost": "Nothing is lost. What was under way goes on.",
    "problem.busy.do": "Wait a few seconds and reload the page. History shows what was done.",
    "problem.foreign.title": "This request came from another site",
    "problem.foreign.lost": "It was stopped, and nothing was changed.",
    "problem.foreign.do": "Open the console itself and try again from there.",
    "problem.no_sign_in.title": "The sign-in did not work",
    "problem.no_sign_in.lost": "Nothing was changed.",
    "problem.no_sign_in.do": "Try again. Sign in from the page that you started from.",
    "problem.failed.title": "Something is wrong on our side",
    "problem.failed.lost": "Nothing that you have imported is lost.",
    "problem.failed.do": "Try again in a minute.",
    "problem.failed.id": "If it stays so, give your operator the number {id}.",
}


def text(key: str, **values: object) -> str:
    """The text under a key, with `values` filled in; `n` chooses between one and more."""
    found = TEXTS[key]
    if "n" in values and "|" in found:
        one, more = found.split("|")
        found = one if values["n"] == 1 else more
    return found.format(
        **{name: number(v) if isinstance(v, int | float) else v for name, v in values.items()}
    )


def label(kind: str, value: str) -> str:
    """The text for a value of the API, such as a state; the value itself where it is new."""
    return TEXTS.get(f"{kind}.{value}", value)


def number(value: float | None) -> str:
    """A count as people read it: with a narrow space between the thousands."""
    return "" if value is None else f"{value:,.0f}".replace(",", "\u202f")
