"""YAML as we read it: what values are, which line each stands at, and what is refused."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shared.lined_yaml import YamlFault, parse, plain, words_of


class Post(BaseModel):
    id: str
    holders: list[int]


class Document(BaseModel):
    posts: list[Post]


TEXT = st.text(
    st.characters(blacklist_characters="\x85\u2028\u2029", blacklist_categories=["Cs"]), max_size=20
)
"""Without the line breaks of old YAML, which its writers and readers fold each in their own way."""
SCALARS = st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False) | TEXT


@given(
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
        max_leaves=12,
    )
)
def test_what_was_written_is_read(value: Any) -> None:
    assert plain(yaml.dump(value, allow_unicode=True, Dumper=yaml.SafeDumper), "x.yaml") == value


def test_values_are_those_of_yaml_1_2() -> None:
    text = "on: [on, no, ~, true, 0o17, 0x1f, 012, 08:00, 2026-11-01, PT2H, 1e3, .5, -.inf, '1', +86]"
    assert plain(text, "x.yaml") == {
        "on": [
            "on",
            "no",
            None,
            True,
            15,
            31,
            12,
            "08:00",
            "2026-11-01",
            "PT2H",
            1000.0,
            0.5,
            float("-inf"),
            "1",
            86,
        ]
    }


def test_each_fault_names_the_line_of_its_value() -> None:
    with pytest.raises(YamlFault) as fault:
        parse(
            "posts:\n  - id: a\n    holders: [1]\n  - id: b\n    holders:\n      - 1\n      - x\n  - holders: []\n",
            Document,
            "d.yaml",
        )
    assert [one.split(": ")[0] for one in fault.value.faults] == ["d.yaml:7", "d.yaml:8"]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: [", 2, "not YAML"),
        ("a: 1\na: 2", 2, "a second time"),
        ("a: *b", 1, "stands for nothing"),
        ("a: &b [*b]", 1, "stands for nothing"),
        ("x: 1\na: !!python/object:os.system 1", 2, "the tag"),
        ("a: !!int 1", 1, "the tag"),
        ("a: 1\n---\nb: 1", 2, "a second document"),
        ("? [a]\n: 1", 1, "a key is a word"),
        ("a: " + "9" * 5000, 1, "not what it looks like"),
        ("[" * 60 + "]" * 60, 1, "nests deeper"),
        ("[" * 1_000_000, 1, "nests deeper"),
        ("a: {<<: 5}", 1, "<<"),
        ("\x00", 1, "not YAML"),
    ],
)
def test_what_is_no_document_of_ours_is_refused_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(YamlFault) as fault:
        plain(text, "x.yaml")
    (said,) = fault.value.faults
    assert said.startswith(f"x.yaml:{line}: ")
    assert words in said


def test_an_alias_is_what_it_stands_for_and_does_not_multiply() -> None:
    assert plain("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\ne: *x", "x.yaml") == {
        "a": {"b": 1, "c": 2},
        "d": {"b": 1, "c": 3},
        "e": {"b": 1, "c": 2},
    }
    laughs = "a0: &a0 [x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 20)}]\n" for n in range(1, 9)
    )
    with pytest.raises(YamlFault, match="no end"):
        plain(laughs, "x.yaml")


def test_whatever_is_named_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: [b, {c: 'd e'}]\n", encoding="utf-8")
    assert words_of(tmp_path / "x.yaml") == {"a", "b", "c", "d e"}
    with pytest.raises(YamlFault):
        words_of(tmp_path / "y.yaml")
