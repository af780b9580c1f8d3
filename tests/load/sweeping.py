"""The sweeper of the model: its decisions are the code's, or those of d4b7b5e."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from handover.pipeline.messages import Need
from handover.rules.resending import (
    NOTED_SECONDS,
    ChunkSeen,
    Resend,
    Seen,
    Sent,
    lost_chunks,
    probed,
    what_to_resend,
)

from tests.load.parts import Import, Phase, Tally

# At d4b7b5e the sweep waited this long, and resent all supposedly lost messages at once.
OLD_RESEND_AFTER_SECONDS = 300.0


class Sweeper:
    """Resends supposedly lost messages; `send` takes the need, the import and the chunk."""

    def __init__(
        self,
        send: Callable[[Need, Import, int | None], None],
        tally: Tally,
        *,
        is_old: bool,
    ) -> None:
        self._send, self._tally, self._is_old = send, tally, is_old
        self._seen = {need: Seen() for need in Need}
        self.now = 0.0

    def sweep(self, now: float, imports: list[Import]) -> None:
        """Checks the open imports, oldest first."""
        self.now = now
        self._tally.reads += 1 + len(imports)
        if self._is_old:
            self._sweep_of_old(imports)
        else:
            self._sweep_now(imports)

    def note_taken(self, need: Need, sent_at: float) -> None:
        """Records that a worker has taken a message of that sending time."""
        seen = self._seen[need]
        self._tally.reads += 0.5
        if sent_at > seen.newest_taken + NOTED_SECONDS:
            self._seen[need] = Seen(sent_at, seen.probed_at, seen.probes)
            self._tally.imports_writes += 1

    def _send_chunks(self, one: Import, numbers: Iterable[int]) -> None:
        for number in numbers:
            self._tally.sent_again += 1
            self._send(Need.CHUNKS, one, number)

    def _need(self, one: Import) -> Need | None:
        if one.phase is Phase.VALIDATING:
            return None if one.leased_until > self.now else Need.INTAKE
        return Need.CHUNKS if one.settled < len(one.chunks) else Need.FINALIZE

    def _sweep_now(self, imports: list[Import]) -> None:
        for_all: dict[Need, tuple[Import, Sent]] = {}
        for one in imports:
            need = self._need(one)
            if need is None:
                continue
            sent = self._sent(one, need)
            decided = what_to_resend(self.now, sent, self._seen[need])
            if decided is Resend.PROBE_FOR_ALL:
                best = for_all.setdefault(need, (one, sent))
                if sent.resends < best[1].resends:
                    for_all[need] = one, sent
            elif decided is not Resend.NOTHING:
                self._send_on(one, need, sent, decided)
        for need, (one, sent) in for_all.items():
            if self._send_on(one, need, sent, Resend.PROBE_FOR_ALL):
                self._seen[need] = probed(self._seen[need], self.now)

    def _sent(self, one: Import, need: Need) -> Sent:
        at = max(one.opened_at, one.resent_at)
        if one.resent_for is not need:
            return Sent(at)
        return Sent(at, one.resends, is_probe_taken=one.is_probe_taken)

    def _send_on(self, one: Import, need: Need, sent: Sent, decided: Resend) -> bool:
        chunks: list[int] = []
        if need is Need.CHUNKS:
            seen = [
                ChunkSeen(number, chunk.leased_until, chunk.taken_at)
                for number, chunk in enumerate(one.chunks)
                if not chunk.is_settled
            ]
            self._tally.reads += len(seen)
            before = sent.at if decided is Resend.LOST else self.now
            lost = lost_chunks(seen, self.now, before=before)
            chunks = lost if decided is Resend.LOST else lost[:1]
            self._send_chunks(one, chunks)
        else:
            self._send(need, one, None)
        one.resent_at, one.resent_for, one.resends = self.now, need, sent.resends + 1
        one.probe = chunks[0] if chunks and decided is not Resend.LOST else None
        one.is_probe_taken = False
        self._tally.imports_writes += 1
        return need is not Need.CHUNKS or bool(chunks)

    def _sweep_of_old(self, imports: list[Import]) -> None:
        """As at d4b7b5e: resends everything that was not sent for five minutes."""
        for one in imports:
            if self.now - max(one.opened_at, one.resent_at) < OLD_RESEND_AFTER_SECONDS:
                continue
            need = self._need(one)
            if need is None:
                continue
            if need is Need.CHUNKS:
                free = [
                    number
                    for number, chunk in enumerate(one.chunks)
                    if not chunk.is_settled and chunk.leased_until < self.now
                ]
                self._send_chunks(one, free)
                if not free:
                    continue
            else:
                self._send(need, one, None)
            one.resent_at = self.now
