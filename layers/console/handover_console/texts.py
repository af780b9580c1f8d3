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
    "outcome.superseded": "left alone",
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
    "columns.misses.some": "does not fit",
    "columns.others": (
        "{n} other kind of file, which this one does not fit|"
        "{n} other kinds of file, which this one does not fit"
    ),
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
    # People
    "nav.people": "People",
    "people.find": "Name begins with",
    "people.filter": "Find people",
    "people.none.title": "Nobody is here yet",
    "people.none.text": "Invite the people who will hold accounts, or import a file of users.",
    "people.none.found": "Nobody's name begins with “{name}”",
    "people.none.clear": "Check the spelling, or show everybody.",
    "people.so_far": "Nobody matches so far. Go on with more people.",
    "people.all": "Show everybody",
    "people.more": "More people",
    "people.invite": "Invite somebody",
    "people.name": "Name",
    "people.email": "Address",
    "people.roles": "User roles",
    "people.opco": "Operating company",
    "people.status": "Status",
    "people.load": "Accounts held",
    "people.load.note": "Each role on an account counts. The bars compare the people on this page.",
    "people.load.more": "{n}+",
    "people.awaited": "Who is awaited",
    "user_status.active": "active",
    "user_status.inactive": "inactive",
    "user_status.deleted": "deleted",
    "person.facts": "Facts",
    "person.employee_id": "Employee ID",
    "person.phone": "Phone",
    "person.mobile": "Mobile",
    "person.login_name": "Login name",
    "person.edit": "Edit",
    "person.invite_again": "Invite again",
    "person.leaving": "Is leaving",
    "person.portfolio": "Portfolio",
    "person.portfolio.none": "Holds no account.",
    "person.portfolio.more": "More accounts",
    "person.role": "Role",
    "person.delete": "Delete this user",
    "person.delete.text": (
        "Deleting takes {name} off every account, without anybody in their place, and ends their"
        " sign-in. It cannot be cancelled. To hand accounts over first, use “Is leaving”."
    ),
    "person.delete.sure": "I want to delete {name} and take them off every account",
    "person.done.invited": "The invitation is on its way. It is good for seven days.",
    "person.done.stored": "The changes are stored.",
    "person.done.inactive": "The user is inactive: they can neither sign in nor be assigned.",
    "person.new.title": "Invite somebody",
    "person.new.lead": "They get a mail with a password to begin with, good for seven days.",
    "person.new.go": "Invite",
    "person.edit.title": "Edit {name}",
    "person.edit.go": "Store",
    "person.roles.hint": "Several are divided by “;”, such as Admin; Sales. An Admin may do all.",
    "person.wrong": "Nothing was stored.",
    "person.cancel": "Leave it as it is",
    # Who is awaited
    "pending.title": "Who is awaited",
    "pending.lead": (
        "These addresses have no user yet. As soon as one is invited, the accounts that wait are"
        " assigned."
    ),
    "pending.none.title": "Nobody is awaited",
    "pending.none.text": "Every account has its managers.",
    "pending.since": "Since",
    "pending.import": "By import",
    "pending.import.show": "Show the import",
    "pending.invite": "Invite",
    "pending.more": "More",
    # Leaving
    "leaving.title": "{name} is leaving",
    "leaving.steps": "Steps until somebody has left",
    "leaving.step.hand": "Hand over",
    "leaving.step.last": "Deactivate",
    "leaving.lead": (
        "Hand over what they hold, role by role. You see a preview first; apply it there, then come"
        " back here."
    ),
    "leaving.held": "{n} account|{n} accounts",
    "leaving.held.more": "{n} accounts and more",
    "leaving.to": "Address of who takes over",
    "leaving.hand": "Hand over to",
    "leaving.clear": "Leave their place empty",
    "leaving.what": "What becomes of {role}",
    "leaving.profile": "By the rules of the profile",
    "leaving.go": "Preview",
    "leaving.no_profile": "No profile that you may use assigns this role. Ask an Admin.",
    "leaving.none": "{name} holds no account.",
    "leaving.last": "Last step: deactivate",
    "leaving.last.text": (
        "An inactive user can neither sign in nor be assigned. Their history stays, and an Admin"
        " can make them active again."
    ),
    "leaving.last.early": "{name} still holds accounts and keeps them, though inactive.",
    "leaving.last.go": "Deactivate {name}",
    "leaving.last.sure": "Deactivate though they hold accounts",
    "leaving.wrong": "Nothing was asked for and nothing was changed.",
    "leaving.nobody": "Give the address of who takes over, or choose to leave the place empty.",
    "leaving.gone": "{name} is {status} already.",
    "leaving.again": "Look again at what is left",
    # Requests
    "nav.requests": "Requests",
    "requests.title": "Requests",
    "requests.lead": "What contacts of your accounts ask for, newest first within an account.",
    "requests.of": "Of the account {account}",
    "requests.account": "Account",
    "requests.account.filter": "Of one account",
    "requests.filter": "Find requests",
    "requests.subject": "Subject",
    "requests.contact": "Contact",
    "requests.by": "Created by",
    "requests.none.title": "No request yet",
    "requests.none.text": (
        "Create one when a contact of an account that you hold asks for something."
    ),
    "requests.more": "More requests",
    "requests.new": "Create a request",
    "requests.description": "What they ask for",
    "requests.contact.hint": "Name or address; may be left out.",
    "requests.wrong": "The request was not created.",
    "request.of": "Account {account}",
    "request.from": "asked by {contact}",
    "request.notes": "Notes",
    "request.notes.none": "Nobody has noted anything yet.",
    "request.notes.more": "More notes",
    "request.note": "Your note",
    "request.note.go": "Add the note",
    # Set-up
    "nav.set-up": "Set-up",
    "set_up.lead": "What you change here counts at once, for everybody in your organisation.",
    "set_up.parts": "Parts of the set-up",
    "set_up.stored": "Stored.",
    "set_up.wrong": "Nothing was stored.",
    "set_up.store": "Store",
    "set_up.remove": "Remove",
    "set_up.profiles": "Profiles",
    "set_up.profiles.lead": (
        "A profile says which columns a file has and what its lines do. Those that are switched on"
        " are open to the people with their user roles; all others are for Admins only."
    ),
    "set_up.profiles.go": "Store which are on",
    "set_up.own": "your own",
    "set_up.template": "Download the template",
    "set_up.version": "version {n}",
    "set_up.columns": "{n} column|{n} columns",
    "set_up.uploaders": "for {roles}",
    "set_up.uploaders.any": "for everybody",
    "set_up.column": "Column",
    "set_up.holds": "Holds",
    "set_up.required": "Must be there",
    "set_up.aliases": "Also called",
    "set_up.yes": "yes",
    "set_up.no": "no",
    "set_up.rules": "Rules",
    "set_up.guard": "A file waits for an Admin if it would take managers off more than",
    "set_up.guard.percent": "percent of its lines, and off more than",
    "set_up.guard.lines": "lines",
    "set_up.clear_guard_percent": "Percent of the lines of a file",
    "set_up.clear_guard_lines": "Lines of a file",
    "set_up.default": "Default account manager",
    "set_up.default.hint": (
        "The address of who gets new accounts without a manager. Empty: nobody."
    ),
    "set_up.requests": "Who holds an account may create requests for its contacts",
    "set_up.wall": "Accounts of another operating company",
    "set_up.wall.always": "nobody holds one",
    "set_up.wall.by_profile": "the profile of the file decides",
    "set_up.roles": "Roles",
    "set_up.roles.lead": "What somebody can be for an account, such as account manager.",
    "set_up.roles.none": "No role is defined.",
    "set_up.roles.add": "Add a role",
    "set_up.role.most": "Most people in it",
    "set_up.role.most.hint": "Empty: any number.",
    "set_up.role.most.any": "any number of people",
    "set_up.role.most.n": "at most {n} person|at most {n} people",
    "set_up.role.by": "May be assigned by",
    "set_up.role.by.hint": "User roles, divided by “;”. Empty: any.",
    "set_up.role.by.any": "assigned by any user role",
    "set_up.role.by.some": "assigned by {roles}",
    "set_up.name": "Name",
    "set_up.workflows": "Workflows",
    "set_up.workflows.lead": "Names that files can give to accounts as their workflow.",
    "set_up.workflows.none": "No workflow is defined.",
    "set_up.workflows.add": "Add a workflow",
    "set_up.sources": "Sources",
    "set_up.sources.lead": "Other systems that drop files by themselves.",
    "set_up.sources.none": "No other system drops files.",
    "set_up.sources.add": "Add a source",
    "set_up.source.profile": "Profile of its files",
    "set_up.source.principal": "Unique id of the AWS role or user that writes its files",
    "set_up.source.writes": "May also write files of accounts and of users",
    "set_up.source.mapping": "Its own labels, one a line, as: their label = our label",
    "set_up.source.is": "{profile}, by {principal}",
    # Home
    "home.awaited": "Awaited users",
    "home.awaited.none": "No account waits for a user.",
    "home.awaited.for": "{n} account waits|{n} accounts wait",
    "home.awaited.all": "All who are awaited",
    "home.days": "Imports a day",
    "home.days.day": "{n} import on {day}|{n} imports on {day}",
    "home.days.utc": "The last two weeks, by days in UTC.",
    "home.days.some": "Only the last {n} day is shown here.|Only the last {n} days are shown here.",
    # An authenticator app
    "authenticator.link": "Authenticator app",
    "authenticator.title": "Authenticator app",
    "authenticator.lead": (
        "With an authenticator app on your telephone, nobody can sign in as you with your password"
        " alone."
    ),
    "authenticator.sign_in": (
        "Before you change how you sign in, sign in once more, so that nobody else can do it at"
        " your unlocked computer."
    ),
    "authenticator.sign_in.go": "Sign in once more",
    "authenticator.begin": "No app is registered. You need your telephone at hand.",
    "authenticator.begin.go": "Register an app",
    "authenticator.done": "An app is registered. Sign-in asks you for its code.",
    "authenticator.done.go": "Register another one in its place",
    "authenticator.refused": "An app cannot be registered now",
    "authenticator.refused.lost": "How you sign in has not changed.",
    "authenticator.refused.do": (
        "Ask your operator whether sign-in with an app is switched on, then try again."
    ),
    "authenticator.scan": "Scan this with the app",
    "authenticator.picture": "QR code with the key below",
    "authenticator.key": "Or type this key into the app:",
    "authenticator.code": "The code that the app shows",
    "authenticator.code.go": "Register this app",
    "authenticator.no_code": "Expected the six digits that the app shows.",
    "authenticator.wrong_code": (
        "That is not the code of this app. Wait for the next code and type that one; check that the"
        " clock of the telephone is right."
    ),
    "authenticator.cancel": "Stop, and leave my sign-in as it is",
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
