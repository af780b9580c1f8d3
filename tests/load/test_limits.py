"""The model's limits of AWS: queues, tables, keys and pollers."""

from __future__ import annotations

import pytest

from tests.load.limits import DOUBLING_SECONDS, HotKeys, OnDemand, Poller
from tests.load.queues import FairQueue, Message


def queue(*, max_receives: int = 5) -> FairQueue:
    return FairQueue(720.0, max_receives)


def test_messages_arrive_in_the_order_of_sending() -> None:
    one = queue()
    for sent_at, group in ((3.0, 1), (1.0, 2), (2.0, 1)):
        one.send(Message(group, 0, None, sent_at))
    one.pass_to(3.0)

    assert [message.sent_at for message in (one.receive(), one.receive()) if message] == [1, 2]


def test_a_group_with_most_messages_in_flight_comes_after_the_others() -> None:
    one = queue()
    for place in range(60):
        one.send(Message(1, 0, None, float(place)))
    one.pass_to(0.0)
    for _ in range(30):
        assert one.receive() is not None
    one.send(Message(2, 0, None, 100.0))
    one.pass_to(100.0)

    groups = [message.group for message in (one.receive(), one.receive()) if message]

    assert groups == [2, 1]


def test_a_message_is_redelivered_until_it_is_a_dead_letter() -> None:
    one = queue(max_receives=2)
    one.send(Message(1, 0, None, 0.0))
    for turn in range(2):
        one.pass_to(turn * 720.0)
        message = one.receive()
        assert message is not None
        one.done(message)
        one.hide(message, (turn + 1) * 720.0)
    one.pass_to(1440.0)

    assert one.receive() is None
    assert [letter.receives for letter in one.dead] == [3]


def test_a_new_table_accepts_4000_writes_and_twice_its_peak_half_an_hour_later() -> None:
    table = OnDemand()
    table.take(3000.0, 1.0)
    table.pass_to(DOUBLING_SECONDS - 1)
    assert table.now_most == 4000
    table.pass_to(DOUBLING_SECONDS)
    assert table.now_most == 6000
    table.pass_to(2 * DOUBLING_SECONDS)
    assert table.now_most == 6000


@pytest.mark.parametrize(("units", "times"), [(2.0, 500), (76.0, 13)])
def test_a_key_accepts_1000_write_units_a_second(units: float, times: int) -> None:
    keys = HotKeys()

    assert sum(keys.take(7, units, 1.0) for _ in range(2000)) == times
    assert keys.take(8, units, 1.0)


def test_lambda_begins_with_five_batches_and_adds_300_a_minute() -> None:
    poller = Poller(50)

    assert [poller.pass_time(1.0, has_backlog=True) for _ in range(3)] == [10, 15, 20]
    assert [poller.pass_time(60.0, has_backlog=True)] == [50]
    assert poller.pass_time(1.0, has_backlog=False) == 5
