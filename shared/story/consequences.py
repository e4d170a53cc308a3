"""What came of a fact, in the words of both languages: one sentence for each kind of effect, and for each
purpose of a message.

Invariant: every kind and every purpose stands here, and a test says so. `{why}` is the reason in words.
"""

from collections.abc import Mapping

from shared.facts import EffectKind, Name, Purpose

OWED_TO = Name("{unit}须于 {due} 前报告{people}（{title}）", "{unit} owes {people} by {due}: {title}")
ROLL_CALLED = Name("请{people}在 {due} 前答复联络点名", "{people} asked to answer the roll call by {due}")
NOT_ANSWERED = Name(
    "未在时限内答复联络点名（不追究责任）：{people}",
    "No answer to the roll call in time (nobody is held to it): {people}",
)
EFFECTS: Mapping[EffectKind, Name] = {
    EffectKind.OPENED: Name("{people}须于 {due} 前完成：{title}", "{people} must do this by {due}: {title}"),
    EffectKind.LIT: Name("呼叫{people}：{why}", "Calling {people}: {why}"),
    EffectKind.REMINDED: Name(
        "提醒{people}：{title}（时限 {due}），{why}", "Reminded {people} of {title} (limit {due}): {why}"
    ),
    EffectKind.DISCHARGED: Name("按时完成：{title}（{people}）", "Done in time: {title} ({people})"),
    EffectKind.LAPSED: Name(
        "逾期未履行：{title}（{people}，时限 {due}）：{why}", "Lapsed: {title} ({people}, limit {due}): {why}"
    ),
    EffectKind.TAKEN: Name("{people}代为接应：{why}", "{people} took it up: {why}"),
    EffectKind.DARK: Name("{people}未应答：{why}", "{people} did not answer: {why}"),
    EffectKind.UNREACHED: Name("未能联系上{people}：{why}", "{people} could not be reached: {why}"),
    EffectKind.CHAIN_ENDED: Name(
        "已无人可以递补（{people}）：{why}", "The chain for {people} is at its end: {why}"
    ),
    EffectKind.CANCELLED: Name(
        "不再要求：{title}（{people}）：{why}", "No longer owed: {title} ({people}): {why}"
    ),
    EffectKind.NOTED: Name("{why}", "{why}"),
    EffectKind.REFUSED: Name("理由：{why}", "The reason: {why}"),
    EffectKind.STATUS: Name("事项：{why}", "The case: {why}"),
    EffectKind.HOLDER: Name("{why}", "{why}"),
    EffectKind.SLIPPED: Name("{title}（{people}）：{why}", "{title} ({people}): {why}"),
    EffectKind.TOLD: Name("告知{people}：{why}", "{people} told: {why}"),
    EffectKind.REGRADED: Name("调整级别：{why}", "Graded anew: {why}"),
    EffectKind.MOVED: Name(
        "{title}的时限由 {was} 改为 {due}：{why}", "The limit of {title} moved from {was} to {due}: {why}"
    ),
    EffectKind.PAUSED: Name(
        "{title}暂停计时，至 {due}", "The clock of {title} stands still, until {due} at most"
    ),
    EffectKind.RESUMED: Name(
        "{title}恢复计时，时限 {due}：{why}", "The clock of {title} runs again, limit {due}: {why}"
    ),
    EffectKind.SNOOZED: Name(
        "{title}于 {due} 再次提醒{people}", "{people} will be reminded of {title} again at {due}"
    ),
    EffectKind.UNACKNOWLEDGED: Name(
        "再次提出（{people}，{title}）：{why}", "Raised again ({people}, {title}): {why}"
    ),
    EffectKind.HELD: Name("未呼叫任何人：{why}", "Nobody was called: {why}"),
    EffectKind.TASK: Name("{task}：{why}", "{task}: {why}"),
    EffectKind.SUSPECTED: Name(
        "疑似漏报（{unit}{ground}）：{why}", "Suspected omission ({unit}{ground}): {why}"
    ),
    EffectKind.MATCHED: Name("与{unit}的报告比对一致{likeness}", "It matches the report of {unit}{likeness}"),
    EffectKind.REFERRED: Name(
        "移送责任追究：{title}（{unit}）：{why}", "Referred for accountability: {title} ({unit}): {why}"
    ),
    EffectKind.PROPOSED: Name(
        "建议措施：{measure}（是否采取由纪检监察机关决定）",
        "Proposed: {measure} (only the discipline organ decides)",
    ),
    EffectKind.RAISED: Name("由此另立事项：{why}", "Another case follows from it: {why}"),
    EffectKind.GAP: Name("即将出现空缺：{why}", "A gap is ahead: {why}"),
    EffectKind.COMMAND: Name("{people}：{why}", "{people}: {why}"),
    EffectKind.WAITS: Name("请{people}作为第二人决定", "{people} asked to decide as the second person"),
    EffectKind.OWED_AGAIN: Name(
        "重新计为未完成：{title}（{people}，时限 {due}）：{why}",
        "Owed again: {title} ({people}, limit {due}): {why}",
    ),
    EffectKind.LEFT_OUT: Name("未能处理：{why}", "Could not be dealt with: {why}"),
}
REGRADED_TO = Name("级别调整为{level}：{why}", "Graded anew, {level}: {why}")
DONE_LATE = Name("逾期完成：{title}（{people}，时限 {due}）", "Done late: {title} ({people}, limit {due})")
LATE_BY = Name("，逾期 {span}", ", {span} late")
CALLS: Mapping[Purpose, Name] = {
    Purpose.REPORT: Name("{ways}报告{people}", "Told {people} by {ways}"),
    Purpose.DUTY: Name("{ways}通知{people}应办事项", "Told {people} by {ways} what is to be done"),
    Purpose.REMINDER: Name("{ways}催办{people}", "Reminded {people} by {ways}"),
    Purpose.FALLBACK: Name("{ways}递补呼叫{people}", "Called {people} as stand-in by {ways}"),
    Purpose.OVERDUE: Name("{ways}告知{people}时限已过", "Told {people} by {ways} that the limit has passed"),
    Purpose.AGAIN: Name("{ways}再次呼叫{people}", "Called {people} once more by {ways}"),
    Purpose.NEWS: Name("{ways}告知{people}最新情况", "Told {people} by {ways} what is new"),
    Purpose.INFORM: Name("{ways}知会{people}", "Informed {people} by {ways}"),
    Purpose.WITHDRAWN: Name(
        "{ways}告知{people}报告已撤回", "Told {people} by {ways} that the report was withdrawn"
    ),
    Purpose.CHANGED: Name(
        "{ways}告知{people}本人登记的变更", "Told {people} by {ways} of a change of their own entry"
    ),
    Purpose.ENDED: Name("{ways}告知{people}提前了结", "Told {people} by {ways} that it ended early"),
    Purpose.SECOND: Name(
        "{ways}请{people}作第二人决定", "Asked {people} by {ways} for a second person's decision"
    ),
    Purpose.CALLED: Name(
        "{ways}告知{people}已登记与其通话", "Told {people} by {ways} that a call to them was written down"
    ),
    Purpose.ROLL_CALL: Name(
        "{ways}向{people}发送联络点名测试", "Sent {people} the test of the roll call by {ways}"
    ),
    Purpose.UNDECIDED: Name("{ways}请{people}人工处置", "Asked {people} by {ways} to see to it by hand"),
}
OTHER_PURPOSE = Name("{ways}告知{people}", "Told {people} by {ways}")
OTHER_EFFECT = Name(
    "由此发生了本版本尚无表述的结果", "Something came of it that this version has no words for"
)
OTHER_REASON = Name("理由见记录原文", "the reason stands in the record itself")
NOT_SENT = Name("（未实际呼叫）", " (not sent: nobody was called)")
OPENED = Name("已打开链接", "link opened")
ARRIVED = Name("已送达", "delivered")
HANDED_OVER = Name("已交网关", "handed to the gateway")
NOT_DELIVERED = Name("未能送达", "not delivered")
BY_SOME = Name("{state} {count} 人", "{state} {count}")
NOT_TO = Name("未送达：{people}", "not delivered: {people}")
NO_WAY = Name("消息", "message")
GROUND = Name("，{why}", ", {why}")
LIKENESS = Name("（相似度 {percent}%）", ", {percent}% alike")
LIMIT = Name("时限 {due}", "limit {due}")
STOOD_IN = Name("{who}曾代为接应", "{who} had stood in")
APPROVALS = Name("已获 {given} 人批准，须 {needed} 人", "{given} of {needed} approvals")
THOSE_CONCERNED = Name("责任人", "whoever owes it")
ASIDE_UNIT = Name("{sentence}（{unit}）", "{sentence} ({unit})")
