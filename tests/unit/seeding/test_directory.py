"""A folder of directory files becomes accounts, users, roles, sources and profiles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from handover.model import User
from handover.profiles.parsing import profile_json
from handover.profiles.presets import presets
from handover.profiles.profile import Role
from handover.store.directory import Source

from infra.seeding.directory import read_directory
from infra.seeding.tables import DirectoryFileError

SAMPLE = Path(__file__).resolve().parents[3] / "events" / "directory"


def _folder(place: Path, **files: str) -> Path:
    for name, content in files.items():
        (place / f"{name}.csv").write_text(content, encoding="utf-8")
    return place


def test_the_sample_directory_is_valid() -> None:
    files = read_directory(SAMPLE, "lumina")

    assert files.accounts is not None
    assert len(files.accounts) == 300
    assert files.users is not None
    assert any("Admin" in user.roles for user in files.users)
    assert files.workflows is None


def test_an_account_has_its_fields_and_its_first_manager(tmp_path: Path) -> None:
    content = (
        "account_id,status,portals,account_manager,opco,name\n"
        "00042,INACTIVE, A; B ;;A, Ana@X.example ,Kenya,Shop\n"
        "1E+11,,,,,\n"
    )

    accounts = read_directory(_folder(tmp_path, accounts=content), "t").accounts

    assert accounts is not None
    first, second = accounts
    assert (first.tenant, first.account_id, first.name) == ("t", "00042", "Shop")
    assert first.portals == ("A", "B")
    assert not first.is_active
    assert first.assigned == {"account_manager": ("ana@x.example",)}
    assert (second.account_id, second.is_active, second.assigned) == ("1E+11", True, {})


def test_a_user_has_roles_and_is_active_unless_it_says_otherwise(tmp_path: Path) -> None:
    content = "email,name,roles,status\nANA@x.example,Ana,Sales; Back Office Management,\n"

    users = read_directory(_folder(tmp_path, users=content), "t").users

    assert users == (User("ana@x.example", "Ana", frozenset({"Sales", "Back Office Management"})),)


def test_workflows_roles_and_sources_are_read_if_their_files_exist(tmp_path: Path) -> None:
    files = read_directory(
        _folder(
            tmp_path,
            workflows="name\nNew customer\n",
            roles="role,max_users,assigned_by\naccount_manager,1,Admin; Sales\nwatcher,,\n",
            sources=(
                "source,profile,principal,mapping,writes_directory,on_error\n"
                "crm,single-strict,AROAEXAMPLE,a=b = account ID; Owner=account Manager,,\n"
                "hr,single-strict,AROAEXAMPLE,,Yes,STOP_ABOVE 5%\n"
            ),
        ),
        "t",
    )

    assert files.workflows == ("New customer",)
    roles = (Role("account_manager", 1, frozenset({"Admin", "Sales"})), Role("watcher", None))
    assert files.roles == roles
    mapping = {"a=b": "account ID", "Owner": "account Manager"}
    assert files.sources == (
        Source("crm", "single-strict", "AROAEXAMPLE", mapping),
        Source("hr", "single-strict", "AROAEXAMPLE", {}, True, "stop_above: 5 %"),
    )


def test_a_user_is_deleted_by_an_explicit_status(tmp_path: Path) -> None:
    content = "email,name,roles,status\nana@x.example,Ana,Sales,Deleted\n"

    users = read_directory(_folder(tmp_path, users=content), "t").users

    gone = User("ana@x.example", "Ana", frozenset({"Sales"}), is_active=False, is_deleted=True)
    assert users == (gone,)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("users", "email,name,roles\nana,Ana,\n", "line 2, email: 'ana' is no e-mail address"),
        ("users", 'email,name,roles\n"a,b@x",Ana,\n', "line 2, email: 'a,b@x' is no e-mail"),
        ("users", "email,name,roles\n,Ana,\n", "line 2, email: the cell is empty"),
        (
            "users",
            "email,name,roles\na@x.example,,\nA@X.example,,\n",
            "line 3, email: 'a@x.example' is already on line 2",
        ),
        (
            "users",
            "email,name,roles,status\na@x.example,,,on\n",
            "line 2, status: found 'on', expected active or inactive or deleted",
        ),
        (
            "users",
            "email,name,roles,login_name\na@x.example,,,Al\nb@x.example,,, al\n",
            "line 3, login_name: 'al' is already on line 2",
        ),
        ("accounts", "account_id\n1\n1\n", "line 3, account_id: '1' is already on line 2"),
        ("accounts", "account_id,account_manager\n1,ana\n", "line 2, account_manager: 'ana'"),
        ("roles", "role\nlead #2\n", "line 2, role: found 'lead #2', expected no / \\ ? #"),
        ("roles", "role,max_users\nworkflow,2\n", "line 2, max_users: found 2, expected 1 or none"),
        ("roles", "role,max_users\nr,0\n", "line 2, max_users: found '0', expected 1 or more"),
        ("sources", "source,profile,principal\na/b,p,q\n", "line 2, source: 'a/b'"),
        ("sources", "source,profile,principal\nuser,p,q\n", "line 2, source: 'user'"),
        ("sources", "source,profile,principal,mapping\na,p,q,x\n", "line 2, mapping: found 'x'"),
        (
            "sources",
            "source,profile,principal,mapping\na,p,q,x=y;x=z\n",
            "line 2, mapping: 'x' is mapped twice",
        ),
        (
            "sources",
            "source,profile,principal,writes_directory\na,p,q,true\n",
            "line 2, writes_directory: found 'true', expected no or yes",
        ),
        (
            "sources",
            "source,profile,principal,on_error\na,p,q,stop\n",
            'line 2, on_error: found \'stop\', expected "apply_good", "all_or_nothing" or',
        ),
        ("sources", "source,profile,principal\na,p,\n", "line 2, principal: the cell is empty"),
    ],
)
def test_an_error_is_reported_with_file_line_and_column(
    name: str, content: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(DirectoryFileError) as raised:
        read_directory(_folder(tmp_path, **{name: content}), "t")

    assert f"{name}.csv, {message}" in str(raised.value)


def test_an_invalid_profile_is_reported_with_file_and_field(tmp_path: Path) -> None:
    own = profile_json(presets()["single-strict"]) | {"name": "own"}
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps(own))

    assert [profile.name for profile in read_directory(tmp_path, "t").profiles] == ["own"]

    (folder / "b.json").write_text(json.dumps(own))
    with pytest.raises(DirectoryFileError, match=r"b\.json, name: 'own' is the name in .*a\.json"):
        read_directory(tmp_path, "t")

    (folder / "b.json").write_text(json.dumps(own | {"name": "b", "opco_wall": "yes"}))
    with pytest.raises(DirectoryFileError, match=r"b\.json, opco_wall: "):
        read_directory(tmp_path, "t")


def test_a_folder_without_any_of_the_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DirectoryFileError, match="holds none of"):
        read_directory(tmp_path, "t")


def test_settings_are_read_and_an_invalid_one_is_reported_with_its_field(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"clear_guard_lines": 3, "profiles": ["role-team"]}')
    read = read_directory(tmp_path, "lumina")
    (tmp_path / "settings.json").write_text('{"clear_guard_lines": "3"}')

    with pytest.raises(DirectoryFileError, match=r"settings\.json, clear_guard_lines"):
        read_directory(tmp_path, "lumina")

    assert read.settings is not None
    assert read.settings.clear_guard_lines == 3
    assert read.settings.profiles == ("role-team",)
