"""The words of an explanation: what each effect of a decision means for the person it is about, in both
languages.

Invariant: an effect that changes nothing for anybody has no words here and is left out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from shared.case import Duty, DutyTerms
from shared.directory import Directory
from shared.facts import Effect, EffectKind, LapseCause, Name, Notice, Reason

What = Literal["told", "owes", "reminded", "lit", "lapses", "overdue", "follows"]
Text = Callable[[Effect, Duty, DutyTerms, Directory], Name]


@dataclass(frozen=True)
class PlainSentence:
    what: What
    text: Text


def _unit(duty: Duty, directory: Directory) -> Name:
    unit = directory.units_by_id.get(duty.owed_by)
    return unit.name if unit else Name(zh=duty.owed_by, en=duty.owed_by)


def _opened(_: Effect, duty: Duty, plan: DutyTerms, directory: Directory) -> Name:
    unit = _unit(duty, directory)
    return Name(zh=f"{unit.zh}须完成{plan.title.zh}", en=f"{unit.en} owes the {plan.title.en}")


def dark(notice: Notice) -> Name:
    """The call of a fallback chain: for whom it is."""
    names = notice.brief.dark
    return Name(
        zh=f"联系不上{'、'.join(name.zh for name in names)}时接报",
        en=f"is lit where {', '.join(name.en for name in names)} stay dark",
    )


def _lit(effect: Effect, duty: Duty, _: DutyTerms, directory: Directory) -> Name:
    if effect.person == duty.bearer:
        return (
            Name(zh="立即报告", en="is told at once")
            if effect.why == Reason.OWED_ON_REPORT
            else Name(zh="再次呼叫", en="is called again")
        )
    bearer = directory.people_by_id[duty.bearer].name
    return Name(zh=f"联系不上{bearer.zh}时接报", en=f"is lit where {bearer.en} stays dark")


def _reminded(effect: Effect, _: Duty, plan: DutyTerms, __: Directory) -> Name:
    if plan.by_recipient:
        return Name(zh="仍未确认则催办", en="silent: reminded")
    again = effect.why == Reason.STILL_NOT_DONE
    zh, en = (
        ("仍未办结，反复催办", "still not done: reminded again and again")
        if again
        else ("尚未办结则催办", "not done yet: reminded")
    )
    return Name(zh=f"{plan.title.zh}{zh}", en=f"{plan.title.en} {en}")


_CAUSES = {
    LapseCause.REPORTED_LATE: Name(zh="迟报", en="reported late"),
    LapseCause.OMITTED: Name(zh="疑似漏报", en="suspected omission"),
    LapseCause.SILENT: Name(zh="静默", en="silent"),
    LapseCause.ABSENT: Name(zh="缺岗", en="absent"),
}


def _lapses(effect: Effect, _: Duty, plan: DutyTerms, __: Directory) -> Name:
    if plan.by_recipient and effect.cause is LapseCause.NOT_ACKNOWLEDGED:
        return Name(zh="仍未确认，记为逾期未履行", en="silent until now: a lapse")
    cause = _CAUSES.get(effect.cause) if effect.cause else None
    zh, en = (f"（{cause.zh}）", f" ({cause.en})") if cause else ("", "")
    return Name(
        zh=f"{plan.title.zh}至此未完成，记为逾期未履行{zh}",
        en=f"{plan.title.en} not done by now: a lapse{en}",
    )


def _overdue(_: Effect, duty: Duty, plan: DutyTerms, directory: Directory) -> Name:
    unit = _unit(duty, directory)
    return Name(
        zh=f"获告{unit.zh}{plan.title.zh}逾期", en=f"is told that the {plan.title.en} of {unit.en} is overdue"
    )


def _always(zh: str, en: str) -> Text:
    def text(_: Effect, __: Duty, plan: DutyTerms, ___: Directory) -> Name:
        return Name(zh=f"{plan.title.zh}：{zh}", en=f"{plan.title.en}: {en}")

    return text


WORDS: dict[EffectKind, PlainSentence] = {
    EffectKind.OPENED: PlainSentence("owes", _opened),
    EffectKind.LIT: PlainSentence("told", _lit),
    EffectKind.REMINDED: PlainSentence("reminded", _reminded),
    EffectKind.LAPSED: PlainSentence("lapses", _lapses),
    EffectKind.TOLD: PlainSentence("overdue", _overdue),
    EffectKind.CHAIN_ENDED: PlainSentence("follows", _always("无人可再联系", "nobody is left to light")),
    EffectKind.REFERRED: PlainSentence(
        "follows", _always("移送责任追究", "the lapse is referred for accountability")
    ),
    EffectKind.RAISED: PlainSentence("follows", _always("另立一案", "another case is raised")),
    EffectKind.PROPOSED: PlainSentence(
        "follows", _always("建议通报，由人决定", "a public notice is proposed; people decide")
    ),
    EffectKind.SUSPECTED: PlainSentence(
        "follows", _always("疑似漏报，由人核实", "an omission is suspected; a person confirms or refutes it")
    ),
    EffectKind.UNACKNOWLEDGED: PlainSentence(
        "follows", _always("视同未确认，重新呼叫", "taken for unacknowledged, raised again")
    ),
}

OF_A_FORM = Name(
    zh="表单中列明的单位负责人和人员", en="the people and the heads of units that the form names"
)
AUDIENCES = {
    "told": Name(zh="此前已获告知的所有人", en="everybody who was told of the case so far"),
    "owed_to": Name(zh="该项职责的报送对象", en="those to whom it was owed"),
    "holder_head": Name(zh="负责单位主要负责人", en="the head of the unit that answers for the case"),
    "reporter_head": Name(zh="报告单位主要负责人", en="the head of the unit that reported"),
    "superior_head": Name(zh="上级单位主要负责人", en="the head of the unit above"),
    "asked_head": Name(zh="被移送单位主要负责人", en="the head of the unit that is asked"),
    "competent_head": Name(zh="主管单位主要负责人", en="the head of the competent unit"),
    "named_head": Name(zh="被通报单位主要负责人", en="the head of the unit that is named"),
    "competent_duty": Name(zh="主管单位值班室", en="the duty post of the competent unit"),
    "assigner": Name(zh="交办单位负责人", en="the head of the unit that laid the task"),
    "assignee_head": Name(zh="承办单位主要负责人", en="the head of the unit that has the task"),
    "commander": Name(zh="指挥长", en="whoever commands"),
    "area_duty": Name(zh="属地政府值班室", en="the duty post of the government of the place"),
}
"""Who is found at the moment something is told."""
