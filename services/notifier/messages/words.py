"""The words of the field in both languages (DOMAIN.md), and how times and spans are said. Pure."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.language.catalogue import catalogue
from shared.language.labels import why_in_words
from shared.vocabulary import Category, Language, Level, ReportKind

LEVELS: dict[Language, dict[Level | None, str]] = {
    Language.ZH: {
        Level.I: "I级特别重大",
        Level.II: "II级重大",
        Level.III: "III级较大",
        Level.IV: "IV级一般",
        None: "未定级",
    },
    Language.EN: {
        Level.I: "Level I (gravest)",
        Level.II: "Level II (major)",
        Level.III: "Level III (serious)",
        Level.IV: "Level IV (ordinary)",
        None: "Level not set",
    },
}
COLOURS: dict[Level | None, str] = {
    Level.I: "#b3261e",
    Level.II: "#b35900",
    Level.III: "#8a6d00",
    Level.IV: "#1f5fbf",
    None: "#555555",
}
"""Red, orange, yellow, blue, dark enough for white text on them; the word always stands beside."""
CATEGORIES: dict[Language, dict[Category, str]] = {
    Language.ZH: {
        Category.NATURAL_DISASTER: "自然灾害",
        Category.ACCIDENT: "事故灾难",
        Category.PUBLIC_HEALTH: "公共卫生事件",
        Category.PUBLIC_SECURITY: "社会安全事件",
    },
    Language.EN: {
        Category.NATURAL_DISASTER: "natural disaster",
        Category.ACCIDENT: "accident",
        Category.PUBLIC_HEALTH: "public health",
        Category.PUBLIC_SECURITY: "public security",
    },
}
KINDS: dict[Language, dict[ReportKind, str]] = {
    Language.ZH: {
        ReportKind.INCIDENT: "突发事件",
        ReportKind.OPINION: "舆情",
        ReportKind.DISPUTE: "矛盾纠纷",
        ReportKind.HAZARD: "隐患",
        ReportKind.PETITION: "信访",
        ReportKind.COMPLAINT: "群众诉求",
        ReportKind.TASK: "任务",
        ReportKind.CAMPAIGN: "排查",
        ReportKind.SUPERVISION_ORDER: "督办",
        ReportKind.PUBLICATION: "信息发布",
        ReportKind.VISIT: "走访",
        ReportKind.ACCOUNTABILITY: "责任追究",
        ReportKind.STANDING: "日常值守",
    },
    Language.EN: {
        ReportKind.INCIDENT: "incident",
        ReportKind.OPINION: "public-opinion hit",
        ReportKind.DISPUTE: "dispute",
        ReportKind.HAZARD: "hazard",
        ReportKind.PETITION: "petition",
        ReportKind.COMPLAINT: "complaint",
        ReportKind.TASK: "task",
        ReportKind.CAMPAIGN: "inventory campaign",
        ReportKind.SUPERVISION_ORDER: "supervision order",
        ReportKind.PUBLICATION: "publication",
        ReportKind.VISIT: "visit",
        ReportKind.ACCOUNTABILITY: "accountability",
        ReportKind.STANDING: "standing watch",
    },
}
DIRECTORY = {Language.ZH: "名录变更", Language.EN: "Directory"}
EXERCISE = {Language.ZH: "【演练】", Language.EN: "[EXERCISE] "}


def heading(kind: ReportKind, category: Category | None, level: Level | None, language: Language) -> str:
    """How grave and of what sort, in one breath: `II级重大事故灾难`, `Level I (gravest) dispute, public
    security`, `信访`.

    Only what is graded by law says that it has no level.
    """
    graded = level is not None or kind in (ReportKind.INCIDENT, ReportKind.OPINION)
    level_word = LEVELS[language][level] if graded else ""
    sorts = [] if kind is ReportKind.INCIDENT and category is not None else [KINDS[language][kind]]
    sorts += [CATEGORIES[language][category]] if category is not None else []
    if language is Language.ZH:
        return level_word + "·".join(sorts)
    text = f"{level_word} {', '.join(sorts)}".strip()
    return text[:1].upper() + text[1:]


def grade(level: Level | None, language: Language, *, sensitive: bool) -> str:
    """`II级重大·敏感`, `Level II (major), sensitive`."""
    if not sensitive:
        return LEVELS[language][level]
    return (
        f"{LEVELS[language][level]}·敏感"
        if language is Language.ZH
        else f"{LEVELS[language][level]}, sensitive"
    )


def why(reason: str, language: Language) -> str:
    """The named reason of a refusal, in words."""
    return why_in_words(reason, catalogue(language).gettext)


def on_one_line(text: str) -> str:
    """No line break and no control character: fit for a subject line and for an SMS."""
    if not text.isprintable():
        text = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(text.split())


def shortened(text: str, length: int) -> str:
    text = on_one_line(text)
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def clock_time(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """`14:32`; with seconds where they matter, with the date where it is not today's."""
    local = at.astimezone(zone)
    clock = "%H:%M:%S" if abs(at - now) < timedelta(minutes=2) else "%H:%M"
    return local.strftime(clock if local.date() == now.astimezone(zone).date() else f"%m-%d {clock}")


def day_time(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """`18:00` today, else with the date; with the year where it is another one."""
    local, today = at.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return local.strftime("%H:%M")
    return local.strftime("%m-%d %H:%M" if local.year == today.year else "%Y-%m-%d %H:%M")


def full_time(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def span(length: timedelta, language: Language) -> str:
    """`12 分钟`, `1 小时 5 分钟`, `40 秒`: the two largest parts, rounded down; never empty."""
    seconds = int(abs(length).total_seconds())
    days, hours, minutes = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60
    day, hour, minute, second = (
        (" 天", " 小时", " 分钟", " 秒") if language is Language.ZH else (" d", " h", " min", " s")
    )
    if days:
        parts = [f"{days}{day}", f"{hours}{hour}" if hours else ""]
    elif hours:
        parts = [f"{hours}{hour}", f"{minutes}{minute}" if minutes else ""]
    else:
        parts = [f"{minutes}{minute}" if minutes else f"{seconds}{second}"]
    return " ".join(part for part in parts if part)
