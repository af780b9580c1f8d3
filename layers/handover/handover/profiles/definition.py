"""The fields of a profile's JSON: parsing accepts no others, and GUIDE.md lists them."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class ProfileField(Struct, frozen=True):
    """A field: its type, its meaning, and its default.

    `default` is "" for a required field. Texts are Markdown.
    """

    value: str
    meaning: str
    default: str = ""


PROFILE_FIELDS: Mapping[str, ProfileField] = {
    "name": ProfileField(
        "small letters, digits and hyphens, at most 63", "the name that uploads and settings use"
    ),
    "version": ProfileField(
        "a number from 1", "grows with every stored change; `PUT` names the version it replaces"
    ),
    "title": ProfileField("a text", "the name that people read"),
    "about": ProfileField(
        "`assignments`, `accounts` or `users`",
        "what a line is about: who holds an account, or a record of the directory",
        default="`assignments`",
    ),
    "columns": ProfileField("a list of columns", "the columns that files have; see below"),
    "roles": ProfileField("an object: role to rules", "the roles that files assign; see below"),
    "tenant_roles": ProfileField(
        "`true` or `false`",
        "a column whose role is `{role}` stands for one column for each role of the tenant",
        default="`false`",
    ),
    "blank": ProfileField(
        "`clear`, `keep` or `error`",
        "what an empty cell does: remove the holders, change nothing, or reject the line",
    ),
    "clear_words": ProfileField(
        "a list of texts", "cells with one of these words remove the holders, in any case"
    ),
    "list_separator": ProfileField(
        "`,`, `;`, `|`, a space or `null`",
        "what separates several users in a cell; `null`: a cell names one user",
    ),
    "unknown_user": ProfileField(
        "`error` or `pending`",
        "whether a line with an unknown address is rejected, or the address waits for its user",
    ),
    "required_user_roles": ProfileField(
        "a list of user roles", "a user must have one of them to be assigned; empty: any user"
    ),
    "opco_wall": ProfileField(
        "`true` or `false`",
        "user and account must have the same operating company, also where one has none",
    ),
    "inactive_accounts": ProfileField(
        "`allow` or `error`", "whether inactive accounts can be assigned"
    ),
    "duplicates": ProfileField(
        "`reject`, `first` or `last`",
        "what happens to lines about the same account: contradicting ones are all rejected, or the"
        " first or last one applies",
    ),
    "uploader_roles": ProfileField(
        "a list of user roles",
        "who may upload while the profile is switched on; empty: every active user",
    ),
    "on_error": ProfileField(
        "`apply_good`, `all_or_nothing` or `stop_above: n %`",
        "what happens to the good lines of a file if other lines cannot be applied; an upload or a"
        " source may choose otherwise",
        default="`apply_good`",
    ),
    "fallback_encoding": ProfileField(
        "`windows-1252` or `null`", "how to read bytes that are not UTF-8; `null`: refuse the file"
    ),
}

COLUMN_FIELDS: Mapping[str, ProfileField] = {
    "holds": ProfileField("one of the words below", "what the cells of the column say"),
    "label": ProfileField("a text", "the column's label in the header, in any case and spacing"),
    "aliases": ProfileField("a list of texts", "other labels of the column", default="`[]`"),
    "role": ProfileField(
        "a role, or a field such as `#name`",
        "which role the column assigns, or which field it sets; not for `account`, `user` and"
        " `workflow`",
        default="none",
    ),
    "by": ProfileField(
        "a list of `email`, `login` and `name`",
        "how cells name users, tried in this order; for `users`, `initial` and `current`",
        default="none",
    ),
    "required": ProfileField(
        "`true` or `false`",
        "whether a file without the column is refused (`MISSING_COLUMN`)",
        default="`true`",
    ),
}

# What the cells of a column can contain, by the word that a profile uses for it.
HOLDS: Mapping[str, str] = {
    "account": "the id of the account that the line is about; exactly one column has it",
    "user": "the address of the user that the line is about, in profiles about `users`",
    "users": "who must hold the role",
    "workflow": "the workflow for the account, by its exact name",
    "fact": "a field of the account or user that the line is about",
    "initial": "who holds the role if the line creates the account",
    "current": "who must hold the role now, or the line is superseded; empty: no condition",
    "expected": "who must hold the role now, or the role is left as it is; empty: nobody",
    "replaced": "the one holder of the role whom the named users replace",
    "removed": "users to remove from the role",
    "resolved": "addresses that were pending and belong to a user now",
}

ROLE_FIELDS: Mapping[str, ProfileField] = {
    "max_users": ProfileField(
        "a number from 1, or `null`",
        "how many users may hold the role; `null`: any number",
        default="`null`",
    ),
    "assigned_by": ProfileField(
        "a list of user roles",
        "an uploader must have one of them to assign the role; empty: whoever may upload",
        default="`[]`",
    ),
}
