"""The plan that validation stores for later steps: how to read the file, and for whom."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import asdict

from handover.aws.objects import Upload
from handover.model import Dialect, Header, Repeat
from handover.profiles.binding import bind
from handover.profiles.columns import Binding
from handover.profiles.opco_wall import OpcoWall
from handover.profiles.parsing import profile_from, profile_json
from handover.profiles.profile import Profile


class ImportPlan(Struct, frozen=True):
    """How to process an import. It is stored once and never changes.

    `upload` is what the chunks' byte ranges refer to: the uploaded version itself, or its copy in
    UTF-8. `older_open_imports` are those that were not final when this one was validated; a long
    list is stored under `older_imports_key` in the work bucket, and this field is empty. `wall` is
    the tenant's setting at that time, so that processing a chunk again decides the same.
    `preview_of` is the dry run whose changes are the only ones that may be applied, "" for an
    import that applies whatever its lines decide.
    """

    profile: Profile
    mapping: dict[str, str]
    upload: Upload
    dialect: Dialect
    header: Header
    older_open_imports: frozenset[str]
    wall: OpcoWall
    older_imports_key: str = ""
    preview_of: str = ""

    @property
    def binding(self) -> Binding:
        """Which columns hold what the profile needs."""
        return bind(self.header.labels, self.profile, mapping=self.mapping, line=1)


def plan_json(plan: ImportPlan) -> str:
    """The plan as JSON, as it is stored.

    A header of 64 KB becomes 128 KB in UTF-8, and profile and mapping have limits of their own, so
    an item of 400 KB holds them as long as no character is escaped.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
    """
    return json.dumps(
        {
            "profile": profile_json(plan.profile),
            "mapping": plan.mapping,
            "upload": asdict(plan.upload),
            "dialect": asdict(plan.dialect),
            "header": asdict(plan.header),
            "rivals": sorted(plan.older_open_imports),
            "opco_wall": plan.wall.value,
        }
        | ({"rivals_key": plan.older_imports_key} if plan.older_imports_key else {})
        | ({"preview_of": plan.preview_of} if plan.preview_of else {}),
        ensure_ascii=False,
    )


def plan_from(text: str) -> ImportPlan:
    """The plan that was stored."""
    data = json.loads(text)
    header = data["header"]
    return ImportPlan(
        profile=profile_from(data["profile"]),
        mapping=data["mapping"],
        upload=Upload(**data["upload"]),
        # Plans without this field counted blank rows as data lines in their chunks.
        dialect=Dialect(**{"skips_blank_rows": False, **data["dialect"]}),
        header=Header(tuple(header["labels"]), header["data_start"], header["data_line"]),
        older_open_imports=frozenset(data["rivals"]),
        # Plans stored before this setting existed have only the profile's wall.
        wall=OpcoWall(data.get("opco_wall", OpcoWall.BY_PROFILE)),
        older_imports_key=data.get("rivals_key", ""),
        preview_of=data.get("preview_of", ""),
    )


def older_imports_key(import_id: str, attempt: str) -> str:
    """Key in the work bucket of the older open imports that a validation attempt found."""
    return f"{import_id}/older open imports/{attempt}.json"


def repeats_key(import_id: str, chunk: int) -> str:
    """Key in the work bucket of the repeats of a chunk."""
    return f"{import_id}/repeats/{chunk:05d}.json"


def logins_key(import_id: str, chunk: int) -> str:
    """Key in the work bucket of the login names that several lines of a chunk ask for."""
    return f"{import_id}/logins/{chunk:05d}.json"


def preview_key(import_id: str) -> str:
    """Key in the work bucket of a preview, until the import ends."""
    return f"{import_id}/preview.json"


def lines_key(import_id: str, chunk: int, attempt: str) -> str:
    """Key in the work bucket of an attempt's rows of results.csv, with their index."""
    return f"{import_id}/parts/{chunk:05d}/{attempt}/lines"


def parts_key(import_id: str, chunk: int, attempt: str, name: str) -> str:
    """Key in the work bucket of an attempt's part of `name` (results, errors)."""
    return f"{import_id}/parts/{chunk:05d}/{attempt}/{name}.csv"


def previews_key(import_id: str, chunk: int, attempt: str) -> str:
    """Key in the work bucket of the previews of a chunk that a dry run's attempt stored."""
    return f"{import_id}/previews/{chunk:05d}/{attempt}.json"


def previews_index_key(import_id: str) -> str:
    """Key in the work bucket of the index of previews, for an import that applies a dry run."""
    return f"{import_id}/previews/index.json"


def addresses_key(import_id: str) -> str:
    """Key in the work bucket of the addresses that unknown ones are compared with."""
    return f"{import_id}/addresses"


def addresses_bytes(addresses: Iterable[str]) -> bytes:
    """The addresses as they are stored: 50,000 take some 300 KB."""
    return zlib.compress(json.dumps(list(addresses), ensure_ascii=False).encode(), level=1)


def addresses_from(body: bytes) -> tuple[str, ...]:
    """The addresses that were stored, in their order."""
    return tuple(json.loads(zlib.decompress(body)))


def repeats_json(repeats: list[Repeat]) -> bytes:
    """The repeats of a chunk as they are stored."""
    rows = [
        [repeat.line, repeat.is_conflict, repeat.others, repeat.count, repeat.is_login]
        for repeat in repeats
    ]
    return json.dumps(rows, separators=(",", ":")).encode()


def repeats_from(body: bytes) -> dict[int, Repeat]:
    """The repeats that were stored, by line."""
    return {
        line: Repeat(line, is_conflict, tuple(others), count, is_login)
        for line, is_conflict, others, count, is_login in json.loads(body)
    }
