"""What validation hands to the later stages: how the file is read, and for whom."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from handover.aws.objects import Upload
from handover.model import Dialect, Header, Repeat
from handover.profiles import Binding, OpcoWall, Profile, bind, profile_from, profile_json


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """How an import is to be worked. It is stored once and never changes.

    `upload` is what the chunks' byte ranges refer to: the uploaded version itself, or its copy in
    UTF-8. `older_open_imports` are those that were not final when this one was validated; where
    they are many they lie under `older_imports_key` in the work bucket, and this is empty. `wall`
    is the tenant's setting at that time, so that a chunk that is worked again decides the same.
    `preview_of` is the dry run whose changes alone may be applied, "" for an import that applies
    whatever its lines come to.
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
        """Where the lines hold what the profile asks for."""
        return bind(self.header.labels, self.profile, mapping=self.mapping, line=1)


def plan_json(plan: ImportPlan) -> str:
    """The plan as it is stored.

    A header of 64 KB becomes 128 KB in UTF-8, profile and mapping have bounds of their own: an item
    of 400 KB holds them as long as no character is escaped.
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
        # The chunks of plans that say nothing of it were counted with blank rows as data lines.
        dialect=Dialect(**{"skips_blank_rows": False, **data["dialect"]}),
        header=Header(tuple(header["labels"]), header["data_start"], header["data_line"]),
        older_open_imports=frozenset(data["rivals"]),
        # Plans that were stored before there was the setting know the profile's wall alone.
        wall=OpcoWall(data.get("opco_wall", OpcoWall.BY_PROFILE)),
        older_imports_key=data.get("rivals_key", ""),
        preview_of=data.get("preview_of", ""),
    )


def older_imports_key(import_id: str, attempt: str) -> str:
    """Where the older open imports that an attempt of validation found lie in the work bucket."""
    return f"{import_id}/older open imports/{attempt}.json"


def repeats_key(import_id: str, chunk: int) -> str:
    """Where the repeats of a chunk lie in the work bucket."""
    return f"{import_id}/repeats/{chunk:05d}.json"


def logins_key(import_id: str, chunk: int) -> str:
    """Where the login names that lines of a chunk contest lie in the work bucket."""
    return f"{import_id}/logins/{chunk:05d}.json"


def preview_key(import_id: str) -> str:
    """Where a preview lies in the work bucket until the import ends."""
    return f"{import_id}/preview.json"


def lines_key(import_id: str, chunk: int, attempt: str) -> str:
    """Where an attempt's rows of results.csv, with their index, lie in the work bucket."""
    return f"{import_id}/parts/{chunk:05d}/{attempt}/lines"


def parts_key(import_id: str, chunk: int, attempt: str, name: str) -> str:
    """Where an attempt's part of `name` (results, errors) lies in the work bucket."""
    return f"{import_id}/parts/{chunk:05d}/{attempt}/{name}.csv"


def previews_key(import_id: str, chunk: int, attempt: str) -> str:
    """Where what an attempt of a dry run has previewed of a chunk lies in the work bucket."""
    return f"{import_id}/previews/{chunk:05d}/{attempt}.json"


def previews_index_key(import_id: str) -> str:
    """Where an import that applies a dry run keeps which previews hold which lines."""
    return f"{import_id}/previews/index.json"


def addresses_key(import_id: str) -> str:
    """Where the addresses lie in the work bucket that unknown ones are compared with."""
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
