"""The few rules that the tests' own machinery keeps."""

from __future__ import annotations

from compat_tests.report import document
from compat_tests.support.expect import difference


def test_spacing_is_the_tools_own_affair() -> None:
    assert difference("GROUP  STATE\n\n  a   Empty", ["GROUP STATE", "a Empty"]) == ""


def test_placeholders_stand_for_what_they_name() -> None:
    assert difference("CreateTime:<ts> offset <n>", ["CreateTime:1795501231969 offset 7"]) == ""
    assert difference("CreateTime:<ts> offset <n>", ["CreateTime:179550123 offset 7"]) != ""


def test_a_line_too_many_and_a_line_missing_are_told() -> None:
    assert difference("one\ntwo", ["one", "two", "three"]) == "  one\n  two\n+ three"
    assert difference("one\ntwo", ["one"], any_order=True) == "- two"
    assert difference("one\ntwo", ["two", "one"], any_order=True) == ""
    assert difference("one\ntwo", ["two", "one"]) != ""


def test_the_document_has_a_column_for_each_version() -> None:
    text = document(
        {
            "some_client": {"2.10": {"read": "passed"}, "2.9": {"read": "failed", "write": "passed"}},
            "kafka_cli": {"4.3.1": {"kafka-topics": "skipped"}},
            "kafka_connect": {"4.3.1": {"file to file": "passed"}},
        }
    )
    assert "|  | some-client 2.9 | some-client 2.10 |" in text
    assert "| read | **no** | yes |" in text
    assert "| write | yes | - |" in text
    assert "| `kafka-topics` | not run |" in text
    assert "| Kafka Connect 4.3.1 | file to file | yes |" in text
