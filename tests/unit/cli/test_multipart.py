"""A form upload has its announced length and reads the file in blocks, once, to the end."""

from __future__ import annotations

import io
from email.message import Message
from email.parser import BytesParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cli.failures import CommandError
from infra.cli.multipart import BLOCK_BYTES, Form


class _Endless(io.RawIOBase):
    """A file of any length that records the largest read."""

    def __init__(self) -> None:
        super().__init__()
        self.largest = 0

    def read(self, size: int = -1) -> bytes:
        self.largest = max(self.largest, size)
        return b"x" * size


def _parts(form: Form) -> list[Message]:
    body = b"".join(form.blocks(lambda _sent: None))
    head = f"Content-Type: {form.content_type}\r\n\r\n".encode()
    parsed = BytesParser().parsebytes(head + body)
    return list(parsed.walk())[1:]


@given(content=st.binary(max_size=2000))
def test_the_announced_length_equals_the_length_of_the_body(content: bytes) -> None:
    form = Form({"key": "in/t/ä.csv", "policy": "eyJ9"}, io.BytesIO(content), len(content))

    body = b"".join(form.blocks(lambda _sent: None))

    assert len(body) == form.content_length
    assert content in body


def test_the_file_comes_last_and_unchanged_after_all_fields() -> None:
    content = b'a,b\r\n1,"x\r\ny"\r\n'
    form = Form({"key": "in/t/1.csv", "policy": "p"}, io.BytesIO(content), len(content))

    parts = _parts(form)

    names = [part.get_param("name", header="content-disposition") for part in parts]
    assert names == ["key", "policy", "file"]
    assert [part.get_payload() for part in parts[:2]] == ["in/t/1.csv", "p"]
    assert parts[2].get_payload(decode=True) == content


def test_a_large_file_is_never_in_memory_as_a_whole() -> None:
    size = 50 * 1024**2
    file = _Endless()
    form = Form({}, file, size)  # type: ignore[arg-type]
    sent: list[int] = []

    longest = total = 0
    for block in form.blocks(sent.append):
        longest = max(longest, len(block))
        total += len(block)

    assert total == form.content_length
    assert file.largest == longest == BLOCK_BYTES
    assert sent == sorted(sent)
    assert sent[-1] == size


def test_a_file_that_shrinks_while_it_is_sent_is_a_failure() -> None:
    form = Form({}, io.BytesIO(b"short"), 100)

    with pytest.raises(CommandError, match="became shorter"):
        list(form.blocks(lambda _sent: None))


def test_bytes_added_while_the_file_is_sent_are_left_out() -> None:
    form = Form({}, io.BytesIO(b"line\nadded later"), 5)

    assert b"added" not in b"".join(form.blocks(lambda _sent: None))
