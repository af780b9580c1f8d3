"""The mapping of a file whose uploader is not asked for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from handover.errors import RefusedError
from handover.profiles.binding import bind
from handover.profiles.matching import How, mapping_for, match_columns
from handover.profiles.profile import Profile


def mapping_without_asking(
    labels: Sequence[str],
    rows: Sequence[Sequence[str]],
    profile: Profile,
    *,
    remembered: Mapping[str, str],
) -> dict[str, str]:
    """The mapping to send with a file whose uploader has given none.

    If the header can be bound with the remembered mapping, this is that mapping. Otherwise it has
    all certain matches; validation refuses the file if these are not enough.
    """
    matches = match_columns(labels, rows, profile, remembered=remembered)
    sure = mapping_for(matches, profile)
    known = {one.header: one.column or "" for one in matches if one.how is How.REMEMBERED}
    try:
        bind(labels, profile, mapping=known, line=1)
    except RefusedError:
        return sure
    return known
