"""The tenant that hostile files are uploaded to: its people, accounts and profiles."""

from __future__ import annotations

from handover.model import Account, Duplicates, User
from handover.profiles.presets import presets
from handover.profiles.profile import Blank, Column, Holds, NamedBy, Profile, Role, UnknownUser
from msgspec.structs import replace

TENANT = "lumina"
MANAGER, VIEWER = "account_manager", "viewer"
SALES = frozenset({"Sales"})

ADMIN = "ines.okello@lumina.example"
AMINA = "amina.otieno@lumina.example"
BARAKA = "baraka.mwangi+kenya@lumina.example"
QUOTED = "o'brien@lumina.example"
GERMAN = "jörg.weiß@lumina.example"
CLERK = "carl.clerk@lumina.example"
GONE = "gina.gone@lumina.example"
TOGO = "didier.koffi@lumina.example"
NAMESAKE = "b.mwangi@lumina.example"
DELETED = "dora.deleted@lumina.example"

USERS = {
    user.email: user
    for user in (
        User(ADMIN, "Ines Okello", frozenset({"Admin"}), "Kenya"),
        User(AMINA, "Amina Otieno", SALES, "Kenya"),
        User(BARAKA, "Baraka Mwangi", SALES, "Kenya"),
        User(QUOTED, "Pat O'Brien", SALES, "Kenya"),
        User(GERMAN, "Jörg Weiß", SALES, "Kenya"),
        User(CLERK, "Carl Clerk", frozenset({"Clerk"}), "Kenya"),
        User(GONE, "Gina Gone", SALES, "Kenya", is_active=False),
        User(TOGO, "Didier Koffi", SALES, "Togo"),
        User(NAMESAKE, "BARAKA\u00a0 Mwangi", SALES, "Kenya"),
        User(DELETED, "Dora Deleted", SALES, "Kenya", is_active=False, is_deleted=True),
    )
}

# Ids that files often damage: leading zeros, exponents, formulas, separators, quotes, other
# scripts.
IDS = (
    *(f"K{number:03d}" for number in range(16)),
    "000117",
    "117",
    "1.2E+11",
    "120000000000",
    "=K001",
    "-5",
    "'=K001",
    "'K001",
    "a#b",
    "a/b\\c",
    'say "K"',
    "K 1",
    "k001",
    "Ünïcode-Ω",
    "\u041a001",
    "␛",
    "x" * 500,
)

ACCOUNTS = {
    account_id: Account(
        TENANT,
        account_id,
        1,
        opco="Togo" if place == 3 else "Kenya",
        is_active=place != 4,
        assigned={MANAGER: (AMINA,), VIEWER: (AMINA, BARAKA)} if place % 3 == 0 else {},
    )
    for place, account_id in enumerate(IDS)
}

STRICT = presets()["single-strict"]

# Two roles, lists, the first of repeated lines applies, blanks are wrong, inactive is wrong. Both
# roles may be required to be held by somebody now; the columns of STRICT have that of the manager.
LISTS = Profile(
    name="lists-first",
    version=1,
    title="A manager and up to three viewers",
    columns=(
        *STRICT.columns,
        Column(
            Holds.USERS,
            "viewers",
            ("observers",),
            VIEWER,
            (NamedBy.EMAIL,),
            is_required=False,
        ),
        Column(Holds.CURRENT, "Current viewers", (), VIEWER, (NamedBy.EMAIL,), is_required=False),
    ),
    roles={MANAGER: Role(MANAGER, 1), VIEWER: Role(VIEWER, 3)},
    blank=Blank.ERROR,
    clear_words=frozenset({"none", "-"}),
    list_separator=";",
    unknown_user=STRICT.unknown_user,
    required_user_roles=SALES,
    has_opco_wall=False,
    inactive_accounts=type(STRICT.inactive_accounts).ERROR,
    duplicates=Duplicates.FIRST,
    uploader_roles=STRICT.uploader_roles,
    fallback_encoding=None,
)

# Blanks keep, the last of repeated lines applies, commas separate lists.
KEEP = replace(
    LISTS,
    name="keep-last",
    blank=Blank.KEEP,
    list_separator=",",
    duplicates=Duplicates.LAST,
    fallback_encoding="windows-1252",
)

# Two columns for one role, by address and by name; unknown users become pending.
TEAM = replace(
    LISTS,
    name="team",
    columns=(
        *STRICT.columns,
        Column(
            Holds.USERS,
            "viewers",
            ("note",),
            MANAGER,
            (NamedBy.EMAIL, NamedBy.NAME),
            is_required=False,
        ),
    ),
    roles={MANAGER: Role(MANAGER, 1)},
    blank=Blank.KEEP,
    list_separator=None,
    unknown_user=UnknownUser.PENDING,
    required_user_roles=frozenset(),
    inactive_accounts=type(STRICT.inactive_accounts).ALLOW,
    duplicates=Duplicates.REJECT,
    fallback_encoding="windows-1252",
)

# A profile of relative changes: restores one role if its holders are expected, and removes from
# another.
RELATIVE = replace(
    TEAM,
    name="relative",
    columns=(
        *STRICT.columns,
        Column(Holds.EXPECTED, "viewers", role=MANAGER, is_required=False),
        Column(Holds.REMOVED, "observers", ("note",), role=VIEWER, is_required=False),
    ),
    roles={MANAGER: Role(MANAGER, 2), VIEWER: Role(VIEWER, None)},
    list_separator=",",
)

PROFILES = (STRICT, LISTS, KEEP, TEAM, RELATIVE)
