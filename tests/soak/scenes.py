"""The terms of the runs."""

from __future__ import annotations

from dataclasses import replace

from tests.soak.files import Mix
from tests.soak.runs import Terms

SHORT_LEASE = {
    # Calls on this machine are answered in milliseconds, not in the seconds that a client waits at
    # most; a kill must not delay the run for so long.
    "handover.runtime.LEASE_MARGIN_SECONDS": 5,
}

# Small imports, many at once, all about the same accounts, with small steps, so that kills come at
# many places. No worker is spared.
HAIL = Terms(
    tenants=2,
    accounts=400,
    lines=110,
    mix=Mix(changed=500, cleared=80, rejected=60, repeated=60),
    hands={"validate": (2, 0), "assign": (4, 0), "finalize": (1, 0), "publish": (1, 0)},
    constants={
        **SHORT_LEASE,
        "handover.pipeline.validate.MIN_CHUNK_BYTES": 1024,
        "handover.pipeline.lines.LINES_AT_A_TIME": 25,
        "handover.pipeline.lines.STATEMENTS_A_BATCH": 8,
        "handover.store.batches.STATEMENTS_A_BATCH": 8,
    },
    max_open=40,
    kills_a_second=8.0,
    kills_a_message=0.5,
)

# The same, small enough for every run of the tests.
SHOWER = replace(
    HAIL,
    tenants=1,
    accounts=120,
    lines=40,
    constants={
        **HAIL.constants,
        "handover.runtime.LEASE_MARGIN_SECONDS": 1,
        "handover.pipeline.validate.MIN_CHUNK_BYTES": 512,
    },
    timeout_seconds=5.0,
    visible_after=7,
    hears_events=True,
    max_open=5,
    kills_a_message=0.8,
)

# Files as systems send them every night: nearly all lines change nothing.
LOAD = Terms(
    tenants=8,
    accounts=4500,
    lines=3000,
    mix=Mix(changed=20, cleared=2, rejected=4, repeated=4),
    hands={"validate": (1, 1), "assign": (2, 1), "finalize": (1, 1), "publish": (0, 1)},
    constants={**SHORT_LEASE, "handover.pipeline.validate.MIN_CHUNK_BYTES": 16 * 1024},
    max_open=10,
    overlapping=10,
    kills_a_second=1.15,  # a kill waits for a worker inside a handler: about one a second
    is_throttled=True,
    tells_of_seed=False,
)
