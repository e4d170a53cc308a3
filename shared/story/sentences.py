"""What people and systems did, in the words of both languages: one sentence for each kind of fact.

Invariant: every kind stands here, and a test says so; a sentence names nobody by an id. Where an act may be
granted or not, `(kind, False)` is the other sentence.
"""

from collections.abc import Mapping

from shared.facts import MessageState, Name
from shared.vocabulary import Kind

FACTS: Mapping[Kind | tuple[Kind, bool], Name] = {
    Kind.REPORTED: Name("{who}报告{matter}", "{who} reported {matter}"),
    Kind.ACKNOWLEDGED: Name("{person}答复：已知悉（{via}）", "{person} answered: knows of it ({via})"),
    Kind.FOLLOWED_UP: Name("{who}报送续报", "{who} sent a follow-up report"),
    Kind.FILED: Name("{who}报送{document}", "{who} handed in the {document}"),
    Kind.PROGRESSED: Name("{who}报告进展{percent}", "{who} reported progress{percent}"),
    Kind.TRANSFERRED: Name("{who}提出将{about}移送{unit}", "{who} asked {unit} to take over {about}"),
    Kind.ACCEPTED: Name("{who}接收{about}", "{who} accepted {about}"),
    Kind.OBJECTED: Name("{who}退回{about}", "{who} refused {about}"),
    Kind.IMPOSED: Name("{who}指定由{unit}牵头办理{about}", "{who} ruled that {unit} leads {about}"),
    Kind.RESOLVED: Name("{who}登记事项已处置", "{who} recorded the case as resolved"),
    Kind.CLOSED: Name("{who}将事项办结", "{who} closed the case"),
    Kind.REOPENED: Name("{who}重新启动事项", "{who} opened the case again"),
    Kind.WITHDRAWN: Name("{who}撤回报告", "{who} withdrew the report"),
    Kind.MERGED: Name("{who}将本事项并入另一事项", "{who} merged this case into another one"),
    Kind.SPLIT: Name("{who}从本事项拆出“{item}”", "{who} split off a case of its own, “{item}”"),
    Kind.REGRADED: Name("{who}将等级调整为{grade}", "{who} graded the case anew: {grade}"),
    Kind.GROWN: Name("{who}将本事项转为突发事件", "{who} turned the case into an incident"),
    Kind.TAKEN_UP: Name("{who}现场受理“{item}”", "{who} took a case on the spot, “{item}”"),
    Kind.ASSIGNED: Name("{who}交办{tasks}", "{who} assigned {tasks}"),
    Kind.EXTENSION_ASKED: Name(
        "{who}申请将{about}延期至 {due}", "{who} asked for {about} to be extended to {due}"
    ),
    Kind.EXTENSION_DECIDED: Name("{who}同意{about}延期", "{who} granted the extension of {about}"),
    (Kind.EXTENSION_DECIDED, False): Name("{who}不同意{about}延期", "{who} refused the extension of {about}"),
    Kind.COMPLETED: Name("{who}提交{about}的办理结果", "{who} handed in the result of {about}"),
    Kind.RETURNED: Name("{who}将{about}退回重办", "{who} returned {about} for rework"),
    Kind.VERIFIED: Name("{who}核验{about}，予以销号", "{who} verified and closed {about}"),
    Kind.REGISTERED: Name("{who}登记{item}{owner}", "{who} registered {item}{owner}"),
    Kind.PLAN_INVOKED: Name("{who}启动{plan}", "{who} invoked {plan}"),
    Kind.COMMAND_TAKEN: Name("{who}登记：{person}任{command}", "{who} recorded {person} as {command}"),
    Kind.ROLL_CALLED: Name("{who}发起联络点名", "{who} called the roll"),
    Kind.SIGNED_IN: Name("{who}到岗签到", "{who} signed in for the shift"),
    Kind.HANDED_OVER: Name("{who}向{person}交班", "{who} handed the shift over to {person}"),
    Kind.SNOOZED: Name(
        "{who}知悉，将{about}的提醒推迟{span}", "{who} knows of it and put the reminder of {about} off{span}"
    ),
    Kind.PASSED_ON: Name("{who}答复无法处理，请呼叫下一位", "{who} answered that they can't: call the next"),
    Kind.CALL_ASKED: Name("{who}请值班室回电", "{who} asked the duty desk to ring them"),
    Kind.PAUSED: Name("{who}暂停{about}的计时{span}", "{who} stopped the clock of {about}{span}"),
    Kind.RESUMED: Name("{who}恢复{about}的计时", "{who} let the clock of {about} run again"),
    Kind.REASSIGNED: Name("{who}将{about}改派给{person}", "{who} gave {about} to {person}"),
    Kind.ESCALATED: Name("{who}人工决定呼叫{called}", "{who} decided by hand whom to call: {called}"),
    Kind.CONFIRMED: Name("{who}认定漏报属实{intent}", "{who} confirmed the omission{intent}"),
    Kind.REFUTED: Name("{who}认定不构成漏报", "{who} found that nothing was omitted"),
    Kind.STATED: Name("{who}提交情况说明", "{who} handed in a written statement"),
    Kind.MEASURE_DECIDED: Name("{who}决定给予{measure}", "{who} decided on this measure: {measure}"),
    Kind.REVIEW_ASKED: Name("{who}申请复核", "{who} asked for a review"),
    Kind.REVIEWED: Name("{who}复核后维持原决定", "{who} reviewed the decision and upheld it"),
    (Kind.REVIEWED, False): Name("{who}复核后撤销原决定", "{who} reviewed the decision and set it aside"),
    Kind.CORRECTED: Name("{who}作出更正", "{who} recorded a correction"),
    Kind.NOTICE_DRAFTED: Name("{who}起草通报", "{who} drafted a public notice"),
    Kind.NOTICE_APPROVED: Name("{who}批准通报", "{who} approved the public notice"),
    (Kind.NOTICE_APPROVED, False): Name("{who}未批准通报", "{who} turned the public notice down"),
    Kind.NOTICE_REPLIED: Name("{who}对通报作出答复", "{who} replied to the public notice"),
    Kind.NOTICE_PUBLISHED: Name("{who}发布通报", "{who} published the public notice"),
    Kind.TEXT_APPROVED: Name("{who}批准发布文稿", "{who} approved the text for publication"),
    (Kind.TEXT_APPROVED, False): Name("{who}退回发布文稿", "{who} sent the text for publication back"),
    Kind.SECONDED: Name("{who}作为第二人表示同意", "{who} agreed as the second person"),
    (Kind.SECONDED, False): Name("{who}作为第二人不同意", "{who} did not agree as the second person"),
    Kind.CONTESTED: Name("{who}表示没有接到该电话", "{who} said that there was no such call"),
    Kind.COMMENTED: Name("{who}备注", "{who} noted"),
    Kind.HEARD: Name("{source}信号正常", "{source} gave a sign of life"),
    Kind.ESTABLISHED: Name("开始值守：{title}", "Watched from now on: {title}"),
    Kind.MATCHED: Name(
        "比对结果：{unit}的报告与本事项为同一事件",
        "Cross-check: the report of {unit} tells of the same event",
    ),
    Kind.ABSORBED: Name("一个重复事项并入本事项", "A duplicate was merged into this case"),
    Kind.REFERRED: Name(
        "{unit}的一项逾期未履行移送责任追究（时限 {due}）：{cause}",
        "A lapse of {unit} was referred for accountability (limit {due}): {cause}",
    ),
    Kind.STRAY_REPLY: Name(
        "收到一条无法对应的回复，来自 {number}", "A reply that belongs to no message, from {number}"
    ),
    Kind.DUE: Name("时间已到", "A limit or a wait was over"),
    Kind.DECIDED: Name("系统判定", "The system decided"),
    Kind.DELIVERED: Name("消息已交网关：{people}", "Handed to the gateway: {people}"),
    Kind.FAILED: Name("消息未能交给网关：{people}", "Not handed to the gateway: {people}"),
    Kind.REJECTED: Name("收到一条不能受理的报文", "A message was refused that could not be taken"),
    Kind.CHECKED: Name("独立核对：{found}", "Independent check: {found}"),
    Kind.POLICY_DRAFTED: Name("{who}提交制度新版本", "{who} submitted a new version of the policy"),
    Kind.POLICY_SUBMITTED: Name(
        "{who}将制度新版本提交会议审议", "{who} laid a new version of the policy before a meeting"
    ),
    Kind.POLICY_APPROVED: Name(
        "{who}批准制度新版本{resolution}", "{who} approved a new version of the policy{resolution}"
    ),
    Kind.DIRECTORY_CHANGED: Name("{who}变更名录", "{who} changed the directory"),
    Kind.DIRECTORY_PROPOSED: Name("{who}申请变更名录", "{who} asked for a change of the directory"),
    Kind.NOTICES_PAUSED: Name(
        "{who}因维护暂停发送可以等待的消息，至{until}：{note}",
        "{who} paused what can wait for maintenance, until {until}: {note}",
    ),
    Kind.LINKS_REVOKED: Name(
        "{who}作废此前发给{person}的链接", "{who} revoked the links that {person} was sent"
    ),
    Kind.NOTICES_RESUMED: Name("{who}恢复发送消息", "{who} resumed the sending of messages"),
    Kind.REDACTED: Name(
        "{who}依法清除个人信息（依据：{basis}）", "{who} erased personal data on a legal basis: {basis}"
    ),
    Kind.HELD: Name("{who}设定法定保留", "{who} placed a legal hold"),
    Kind.RELEASED: Name("{who}解除法定保留", "{who} released the legal hold"),
    Kind.READ: Name("{who}查阅存证", "{who} read the trail"),
    Kind.SEALED_RANGE: Name("早期记录封存入档", "Old records were sealed in a file"),
}
LATER_STATES = {
    MessageState.ARRIVED: Name("消息已送达：{people}", "Delivered: {people}"),
    MessageState.OPENED: Name("消息的链接已打开：{people}", "Link opened: {people}"),
    MessageState.SPARED: Name("无须再发：{people}", "Not sent, no longer needed: {people}"),
    MessageState.KEPT: Name(
        "免打扰时段内暂不发送，留至{until}：{people}", "Kept until {until}, in quiet hours: {people}"
    ),
    MessageState.UNDELIVERED: Name(
        "网关回执：消息未送达：{people}", "Not delivered, as the gateway reports: {people}"
    ),
}
"""What became of a message after its hand-over."""
BESIDE = {
    Kind.DELIVERED: Name("同时在浏览器提醒：{people}", "Rung in a browser too: {people}"),
    Kind.FAILED: Name("浏览器提醒未发出：{people}", "Not rung in a browser: {people}"),
}
"""What became of it on a way that nothing relies on."""
TOLD_BY_TELEPHONE = Name(
    "{who}登记：已电话告知{person}", "{who} wrote down having told {person} by telephone"
)
TAKEN_BACK = Name(
    "对{unit}的一项漏报认定撤销：查到按时报送的报告",
    "An omission of {unit} was taken back: a report that was in time was found",
)
ACCOUNTABILITY = Name(
    "立案追究{unit}：{title}，时限 {due}，{cause}",
    "An accountability case was opened about {unit}: {title}, limit {due}, {cause}",
)
WAS_OWED_TO = Name("应报对象：{people}", "It was owed to {people}")
OTHER_KIND = Name("发生了本版本尚无表述的事情", "Something happened that this version has no words for")
UNTRUSTED = Name("不真实的消息：没有人做过其中所说的事", "Not authentic: nobody did what this message says")
GAP = Name("此处的记录已被消息系统丢失", "The broker lost what stood here")
REFUSED = Name("未获准：{sentence}", "Refused: {sentence}")
WAITING = Name("待第二人决定：{sentence}", "Waits for a second person: {sentence}")
ABOUT_A_REPORT_OF_ANOTHER = Name("{matter}（涉及{unit}）", "{matter} (about {unit})")
BY_TELEPHONE = Name("{matter}（{unit}电话报告）", "{matter} (told by telephone by {unit})")
HAPPENED = Name("{occurred} 发生，{learned} 获知", "happened {occurred}, learned of {learned}")
CAUSES = Name("成因：{causes}", "Causes: {causes}")
FILES = Name("附件：{files}", "Attached: {files}")
A_FILE = Name("文件", "a file")
THE_SYSTEM = Name("系统", "The system")
THIS_CASE = Name("本事项", "the case")
A_TASK, THE_TASK = Name("任务", "the task"), Name("任务“{title}”", "the task “{title}”")
A_DUTY, THE_DUTY = Name("一项职责", "a duty"), Name("“{title}”", "“{title}”")
A_FORM = Name("表单内容", "what was filled in")
A_PLAN, THE_PLAN = Name("预案", "a contingency plan"), Name("预案“{title}”", "the contingency plan “{title}”")
A_DOCUMENT = Name("材料", "document")
AN_ITEM, ANSWERS = Name("一个条目", "an item"), Name("（责任人：{person}）", ", for which {person} answers")
COMMANDER, ACTING = Name("指挥长", "commander"), Name("代理指挥长", "acting commander")
ON_PURPOSE = Name("，系故意", ", on purpose")
PERCENT, SPAN = Name("（{percent}%）", " ({percent}%)"), Name(" {span}", " for {span}")
FROM_STEP = Name("递补链第 {step} 位起", "the chain from place {step} on")
ASSIGNED_TASK = Name("“{title}”（{units}）", "“{title}” ({units})")
ASSIGNED_BY = Name("“{title}”（{units}，时限 {due}）", "“{title}” ({units}, limit {due})")
MORE = Name("等共 {count} 项", "and others, {count} in all")
MORE_PEOPLE = Name("{people}等 {count} 人", "{people} and others, {count} in all")
SENSITIVE = Name("敏感", "sensitive")
NOT_SENSITIVE = Name("不再列为敏感", "no longer sensitive")
BY_RESOLUTION = Name("，依据会议决议（{file}）", ", by the resolution of a meeting ({file})")
