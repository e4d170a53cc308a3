"""Only what can be meant in one way is understood of a reply; all else is for a person to read."""

import pytest

from services.notifier.answering.heard import HeardWords, heard


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("1", HeardWords(1, "", "")),
        (" １。", HeardWords(1, "", "")),
        ("147", HeardWords(1, "47", "")),
        ("2 不属于我单位", HeardWords(2, "", "不属于我单位")),
        ("231，在外地", HeardWords(2, "31", "在外地")),
        ("199", HeardWords(1, "99", "")),
        ("3!", HeardWords(3, "", "")),
        ("收到", HeardWords(1, "", "")),
        ("知道了！", HeardWords(1, "", "")),
        ("OK", HeardWords(1, "", "")),
        ("I can’t", HeardWords(2, "", "")),
        ("请来电", HeardWords(3, "", "")),
        ("14", HeardWords(None, "", "14")),
        ("1234", HeardWords(None, "", "1234")),
        ("4", HeardWords(None, "", "4")),
        ("110", HeardWords(None, "", "110")),
        ("119来了吗", HeardWords(None, "", "119来了吗")),
        ("120", HeardWords(None, "", "120")),
        ("我不知道", HeardWords(None, "", "我不知道")),
        ("没收到", HeardWords(None, "", "没收到")),
        ("", HeardWords(None, "", "")),
        ("您好，我正在开会，稍后回复您", HeardWords(None, "", "您好，我正在开会，稍后回复您")),
    ],
)
def test_what_is_understood(text: str, understood: HeardWords) -> None:
    assert heard(text) == understood
