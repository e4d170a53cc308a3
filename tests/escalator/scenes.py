"""Scenes of a few acts each: between them every act is done once as it should be and once for every reason it
can be refused.

A line is (minutes, act, what it says, and who says it: `who`, `unit`, `role`). The record each leaves stands
in tests/data/on_record.txt.
"""

from datetime import timedelta
from typing import Any

from shared.vocabulary import Document, Kind, Role
from tests.escalator.builders import LEARNED

INFO = "wangshan_info_centre"
COUNTY = "wangshan_emergency"
COUNTY_HALL = "wangshan_government"
FIRE = "fire_rescue"
ABOVE = "government"
Line = tuple[float, Kind, dict[str, Any]]
Scene = tuple[str, dict[str, Any], list[Line]]
DAY = 1440.0
WHY = {"text": "说明"}
SUPERVISOR = {"role": Role.SUPERVISOR}


def at(minutes: float) -> dict[str, Any]:
    return {"due_at": LEARNED + timedelta(minutes=minutes)}


def to(unit: str, by: str | None, **more: Any) -> dict[str, Any]:
    return {"to_unit": unit, "unit": by, **WHY, **more}


def task(by: str | None, **more: Any) -> dict[str, Any]:
    return {"task": "t1", "unit": by, **WHY, **more}


def tasks(*units: str, **more: Any) -> dict[str, Any]:
    return {
        "tasks": [{"title": f"事项{number}", "unit": unit, **more} for number, unit in enumerate(units, 1)]
    }


def span(minutes: float) -> dict[str, Any]:
    return {"span": timedelta(minutes=minutes)}


A_TASK = {"kind": "task", "level": None, **tasks(COUNTY)}
SCENES: list[Scene] = [
    (
        "a case is handed over, refused, sent to and fro, and imposed",
        {},
        [
            (1, Kind.ACCEPTED, {"unit": INFO}),
            (1, Kind.OBJECTED, {"unit": INFO}),
            (1, Kind.OBJECTED, {"unit": INFO, **WHY}),
            (1, Kind.TRANSFERRED, to("nowhere", INFO)),
            (1, Kind.TRANSFERRED, to(INFO, INFO)),
            (1, Kind.TRANSFERRED, to(COUNTY, FIRE)),
            (2, Kind.TRANSFERRED, to(COUNTY, INFO)),
            (3, Kind.TRANSFERRED, to(FIRE, INFO)),
            (3, Kind.ACCEPTED, {"unit": FIRE}),
            (3, Kind.OBJECTED, {"unit": FIRE, **WHY}),
            (4, Kind.OBJECTED, {"unit": COUNTY, **WHY}),
            (5, Kind.TRANSFERRED, to(COUNTY, INFO)),
            (6, Kind.OBJECTED, {"unit": COUNTY, **WHY}),
            (7, Kind.ACCEPTED, {"unit": COUNTY}),
            (7, Kind.OBJECTED, {"unit": COUNTY, **WHY}),
            (7, Kind.IMPOSED, to("nowhere", ABOVE)),
            (7, Kind.IMPOSED, to(COUNTY, FIRE)),
            (8, Kind.IMPOSED, to(FIRE, ABOVE)),
            (9, Kind.TRANSFERRED, to(COUNTY, FIRE)),
        ],
    ),
    (
        "a case is accepted, and passed back to who had it before",
        {"kind": "dispute"},
        [
            (2, Kind.TRANSFERRED, to(COUNTY, INFO)),
            (3, Kind.ACCEPTED, {"unit": COUNTY, **WHY}),
            (4, Kind.TRANSFERRED, to(INFO, COUNTY)),
            (5, Kind.IMPOSED, to(INFO, ABOVE)),
        ],
    ),
    (
        "an objection comes too late",
        {"kind": "dispute"},
        [(2, Kind.TRANSFERRED, to(COUNTY, INFO)), (10 * DAY, Kind.OBJECTED, {"unit": COUNTY, **WHY})],
    ),
    (
        "a task is accepted, done, returned, done again and verified",
        A_TASK,
        [
            (1, Kind.COMPLETED, {"task": "t9"}),
            (1, Kind.ACCEPTED, task(FIRE)),
            (2, Kind.ACCEPTED, task(COUNTY)),
            (3, Kind.ACCEPTED, task(COUNTY)),
            (3, Kind.OBJECTED, task(COUNTY)),
            (3, Kind.VERIFIED, task(INFO)),
            (3, Kind.COMPLETED, task(FIRE)),
            (4, Kind.COMPLETED, task(COUNTY)),
            (5, Kind.COMPLETED, task(COUNTY)),
            (5, Kind.TRANSFERRED, to(FIRE, COUNTY, task="t1")),
            (5, Kind.EXTENSION_ASKED, task(COUNTY, **at(9 * DAY))),
            (5, Kind.VERIFIED, task(COUNTY)),
            (5, Kind.RETURNED, task(COUNTY)),
            (5, Kind.RETURNED, task(INFO, **at(1))),
            (6, Kind.RETURNED, task(INFO, **at(2 * DAY))),
            (7, Kind.COMPLETED, task(COUNTY)),
            (8, Kind.VERIFIED, task(INFO)),
            (9, Kind.VERIFIED, task(INFO)),
        ],
    ),
    (
        "a task is objected to, in time and too late",
        {"kind": "task", "level": None, **tasks(COUNTY, COUNTY, within=timedelta(days=20))},
        [
            (1, Kind.OBJECTED, task(FIRE)),
            (2, Kind.OBJECTED, task(COUNTY)),
            (3, Kind.TRANSFERRED, to(FIRE, COUNTY, task="t1")),
            (4, Kind.IMPOSED, to(FIRE, ABOVE, task="t1")),
            (10 * DAY, Kind.OBJECTED, task(COUNTY, task="t2")),
            (10 * DAY, Kind.TRANSFERRED, to(FIRE, COUNTY, task="t2")),
            (10 * DAY + 1, Kind.ACCEPTED, task(FIRE, task="t2")),
        ],
    ),
    (
        "one task waits for another",
        {
            "kind": "task",
            "level": None,
            "tasks": [
                {"title": "先", "unit": COUNTY},
                {"title": "后", "unit": FIRE, "after": 1, "lead": True},
            ],
        },
        [
            (1, Kind.ACCEPTED, task(FIRE, task="t2")),
            (2, Kind.COMPLETED, task(COUNTY)),
            (3, Kind.VERIFIED, task(COUNTY)),
            (4, Kind.VERIFIED, task(INFO)),
            (5, Kind.CLOSED, {"unit": INFO}),
            (6, Kind.COMPLETED, task(FIRE, task="t2")),
            (7, Kind.VERIFIED, task(INFO, task="t2")),
            (8, Kind.CLOSED, WHY),
        ],
    ),
    (
        "nobody verifies their own work",
        {"kind": "task", "level": None, **tasks(COUNTY_HALL)},
        [
            (1, Kind.COMPLETED, task("wangshan_government")),
            (2, Kind.VERIFIED, task("wangshan_government")),
            (3, Kind.VERIFIED, task(ABOVE)),
        ],
    ),
    (
        "more time for a task is asked for, refused and granted",
        A_TASK,
        [
            (1, Kind.EXTENSION_DECIDED, task(INFO, approve=True)),
            (1, Kind.EXTENSION_ASKED, task(FIRE, **at(9 * DAY))),
            (1, Kind.EXTENSION_ASKED, task(COUNTY)),
            (1, Kind.EXTENSION_ASKED, task(COUNTY, **at(3 * DAY))),
            (2, Kind.EXTENSION_ASKED, task(COUNTY, **at(9 * DAY))),
            (3, Kind.EXTENSION_ASKED, task(COUNTY, **at(9 * DAY))),
            (3, Kind.EXTENSION_DECIDED, task(COUNTY, approve=True)),
            (4, Kind.EXTENSION_DECIDED, task(INFO, approve=False)),
            (5, Kind.EXTENSION_ASKED, task(COUNTY, **at(9 * DAY))),
            (6, Kind.EXTENSION_DECIDED, task(INFO, approve=True, **at(2 * DAY))),
            (7, Kind.EXTENSION_DECIDED, task(INFO, approve=True)),
            (9 * DAY, Kind.EXTENSION_ASKED, task(COUNTY, **at(10 * DAY))),
            (9 * DAY + 1, Kind.EXTENSION_ASKED, task(COUNTY, **at(12 * DAY))),
        ],
    ),
    (
        "more time to settle a petition is asked for",
        {"kind": "petition", "level": None},
        [
            (1, Kind.EXTENSION_ASKED, {"duty": "nothing", **at(9 * DAY)}),
            (1, Kind.EXTENSION_ASKED, {"duty": "petition_route-wangshan_info_duty", **at(30 * DAY)}),
            (2, Kind.PROGRESSED, {"unit": INFO, **WHY}),
            (3, Kind.EXTENSION_DECIDED, {"duty": "petition_close-wangshan_info_duty", "approve": True}),
            (
                3,
                Kind.EXTENSION_ASKED,
                {"duty": "petition_close-wangshan_info_duty", "unit": FIRE, **at(80 * DAY)},
            ),
            (3, Kind.EXTENSION_ASKED, {"duty": "petition_close-wangshan_info_duty", **at(200 * DAY)}),
            (
                4,
                Kind.EXTENSION_ASKED,
                {"duty": "petition_close-wangshan_info_duty", "unit": INFO, **WHY, **at(80 * DAY)},
            ),
            (
                5,
                Kind.EXTENSION_DECIDED,
                {"duty": "petition_close-wangshan_info_duty", "unit": FIRE, "approve": True},
            ),
            (
                5,
                Kind.EXTENSION_DECIDED,
                {"duty": "petition_close-wangshan_info_duty", "approve": True, **at(200 * DAY)},
            ),
            (
                5,
                Kind.EXTENSION_DECIDED,
                {"duty": "petition_close-wangshan_info_duty", "approve": True, **at(3 * DAY)},
            ),
            (
                6,
                Kind.EXTENSION_DECIDED,
                {"duty": "petition_close-wangshan_info_duty", "unit": ABOVE, "approve": True, **WHY},
            ),
            (7, Kind.EXTENSION_ASKED, {"duty": "petition_close-wangshan_info_duty", **WHY, **at(85 * DAY)}),
            (
                8,
                Kind.EXTENSION_DECIDED,
                {"duty": "petition_close-wangshan_info_duty", "approve": False, **WHY},
            ),
            (9, Kind.REVIEW_ASKED, WHY),
            (10, Kind.REVIEWED, {"unit": "petition_office", **WHY}),
            (11, Kind.REVIEW_ASKED, WHY),
        ],
    ),
    (
        "a case is graded up, down and sensitive",
        {"level": None},
        [
            (1, Kind.REGRADED, {"level": "I"}),
            (2, Kind.REGRADED, {"level": "IV", "sensitive": True, **WHY}),
            (2, Kind.SECONDED, {"who": "qian_yi", "unit": ABOVE, "approve": True}),
            (3, Kind.REGRADED, {"sensitive": True}),
            (4, Kind.REGRADED, {"sensitive": False}),
            (4, Kind.SECONDED, {"who": "qian_yi", "unit": ABOVE, "approve": True}),
            (5, Kind.REGRADED, {"level": "III"}),
        ],
    ),
    (
        "calls are put off, and clocks stopped",
        {},
        [
            (1, Kind.SNOOZED, {"who": "zhao_jia"}),
            (1, Kind.SNOOZED, {"who": "zhao_jia", **span(11)}),
            (1, Kind.SNOOZED, {"who": "feng_ren", **span(10)}),
            (1, Kind.SNOOZED, {"who": "zhao_jia", "duty": "nothing", **span(10)}),
            (2, Kind.SNOOZED, {"who": "zhao_jia", **span(10)}),
            (13, Kind.SNOOZED, {"to_person": "zhao_jia", **span(1)}),
            (14, Kind.SNOOZED, {"who": "zhao_jia", **span(1)}),
            (15, Kind.SNOOZED, {"who": "zhao_jia", **span(1)}),
            (16, Kind.PAUSED, {"role": Role.DUTY_OFFICER, **WHY}),
            (16, Kind.PAUSED, SUPERVISOR),
            (16, Kind.PAUSED, {**SUPERVISOR, **WHY, **span(8 * DAY)}),
            (16, Kind.RESUMED, WHY),
            (16, Kind.PAUSED, {**SUPERVISOR, **WHY, "duty": "nothing"}),
            (17, Kind.PAUSED, {**SUPERVISOR, **WHY, "duty": "first_report-gov_main"}),
            (18, Kind.PAUSED, {**SUPERVISOR, **WHY, **span(5)}),
            (18.5, Kind.FILED, {"document": Document.WRITTEN_REPORT, "unit": INFO, **WHY}),
            (20, Kind.RESUMED, {"duty": "first_report-gov_main"}),
            *[
                (
                    20 + number,
                    Kind.SNOOZED,
                    {"who": "jiang_yue", "duty": "follow_up-wangshan_info_duty", **span(1)},
                )
                for number in range(3)
            ],
            (24, Kind.SNOOZED, {"who": "jiang_yue", **span(1)}),
            (29, Kind.PROGRESSED, WHY),
        ],
    ),
    (
        "who is called can't, or asks to be rung",
        {},
        [
            (1, Kind.PASSED_ON, {"who": "feng_ren"}),
            (1, Kind.CALL_ASKED, {"who": "sun_bing", "text": "+860000000103"}),
            (2, Kind.PASSED_ON, {"who": "zhao_jia", "text": "在外地"}),
            (2, Kind.PASSED_ON, {"who": "zhao_jia"}),
            (3, Kind.PASSED_ON, {"who": "qian_yi", "duty": "nothing"}),
            (3, Kind.PASSED_ON, {"who": "wu_ji"}),
        ],
    ),
    (
        "somebody else has to move, and the chain is gone through by hand",
        {},
        [
            (1, Kind.REASSIGNED, {"to_person": "nobody"}),
            (1, Kind.REASSIGNED, {"to_person": "feng_ren", "duty": "first_report-gov_main"}),
            (2, Kind.REASSIGNED, {"to_person": "feng_ren", "duty": "written_report-wangshan_info_duty"}),
            (3, Kind.ESCALATED, {"post": "nobody"}),
            (3, Kind.ESCALATED, {}),
            (3, Kind.ESCALATED, {"step": 9}),
            (4, Kind.ESCALATED, {"step": 2, "duty": "first_report-gov_main"}),
            (4.5, Kind.ESCALATED, {"step": 2, "duty": "first_report-gov_main"}),
            (8, Kind.ESCALATED, {"step": 2, "duty": "first_report-gov_main"}),
            (8.5, Kind.ESCALATED, {"step": 3, "duty": "first_report-gov_main"}),
            (9, Kind.ESCALATED, {"step": 0, "duty": "first_report-gov_main"}),
            (9.5, Kind.ESCALATED, {"post": "discipline", "duty": "first_report-gov_main"}),
            (9.6, Kind.ESCALATED, {"post": "secretary_general", "duty": "first_report-party_main"}),
            (9.7, Kind.COMMAND_TAKEN, {"to_person": "nobody"}),
            (10, Kind.COMMAND_TAKEN, {"who": "li_ding", "acting": True}),
            (10, Kind.COMMAND_TAKEN, {"who": "li_ding", "acting": True}),
            (11, Kind.COMMAND_TAKEN, {"to_person": "qian_yi", **WHY}),
            (11, Kind.SIGNED_IN, {}),
            (11, Kind.HANDED_OVER, {}),
        ],
    ),
    (
        "a case is merged, split, and ends",
        {"exercise": True, "topic": "fire"},
        [
            (1, Kind.MERGED, {}),
            (1, Kind.MERGED, {"into": "01JDCASE000000000000000000"}),
            (1, Kind.GROWN, {}),
            (1, Kind.TAKEN_UP, {}),
            (1, Kind.SPLIT, {}),
            (2, Kind.SPLIT, {"summary": "又一起", "to_unit": COUNTY, **WHY}),
            (
                2,
                Kind.SPLIT,
                {
                    "unit": ABOVE,
                    "summary": "又一起",
                    "level": "I",
                    "sensitive": True,
                    "to_unit": COUNTY,
                    **WHY,
                },
            ),
            (3, Kind.SPLIT, {"summary": "再一起"}),
            (4, Kind.RESOLVED, WHY),
            (5, Kind.RESOLVED, WHY),
            (6, Kind.REOPENED, WHY),
            (7, Kind.REOPENED, WHY),
            (31, Kind.MERGED, {"into": "other", **WHY}),
            (32, Kind.FOLLOWED_UP, WHY),
            (32, Kind.PROGRESSED, WHY),
        ],
    ),
    (
        "a grave case is to end early, and two people decide",
        {},
        [
            (1, Kind.SECONDED, {"unit": ABOVE, "approve": True}),
            (2, Kind.WITHDRAWN, {"who": "jiang_yue", "unit": INFO, **WHY}),
            (3, Kind.WITHDRAWN, {"who": "jiang_yue", "unit": INFO, **WHY}),
            (4, Kind.SECONDED, {"who": "jiang_yue", "unit": ABOVE, "approve": True}),
            (5, Kind.SECONDED, {"who": "tao_ri", "unit": COUNTY, "approve": True}),
            (6, Kind.SECONDED, {"who": "wei_huang", "unit": COUNTY_HALL, "approve": False, **WHY}),
            (7, Kind.REGRADED, {"who": "jiang_yue", "unit": INFO, "level": "IV", **WHY}),
            (8, Kind.REGRADED, {"level": "I", **WHY}),
            (9, Kind.REGRADED, {"who": "jiang_yue", "unit": INFO, "level": "IV", **WHY}),
            (10, Kind.SECONDED, {"who": "wei_huang", "unit": COUNTY_HALL, "approve": True}),
            (11, Kind.CLOSED, WHY),
            (12, Kind.CONTESTED, {"who": "qian_yi", **WHY}),
        ],
    ),
    ("a report was wrong", {"level": None}, [(6, Kind.WITHDRAWN, WHY), (7, Kind.WITHDRAWN, WHY)]),
    (
        "a case is commented on, also after its end",
        {"level": None},
        [
            (5, Kind.COMMENTED, WHY),
            (6, Kind.CLOSED, WHY),
            (7, Kind.COMMENTED, WHY),
            (8, Kind.COMMENTED, {"role": Role.AUDITOR, **WHY}),
            (9, Kind.COMMENTED, {"unit": "heating_company", **WHY}),
        ],
    ),
    (
        "a public notice",
        {"kind": "dispute"},
        [
            (1, Kind.NOTICE_DRAFTED, {}),
            (1, Kind.NOTICE_APPROVED, {"who": "a"}),
            (1, Kind.CORRECTED, WHY),
            (2, Kind.NOTICE_DRAFTED, {"who": "a", **WHY}),
            (3, Kind.NOTICE_APPROVED, {"who": "a", "approve": True}),
            (4, Kind.NOTICE_APPROVED, {"who": "b", "approve": True}),
            (5, Kind.NOTICE_APPROVED, {"who": "b", "approve": True}),
            (6, Kind.NOTICE_PUBLISHED, WHY),
            (7, Kind.NOTICE_APPROVED, {"who": "c", "approve": True}),
            (8, Kind.NOTICE_PUBLISHED, WHY),
            (9, Kind.NOTICE_REPLIED, {"unit": INFO, **WHY}),
            (10, Kind.NOTICE_PUBLISHED, WHY),
            (11, Kind.NOTICE_PUBLISHED, WHY),
            (12, Kind.CORRECTED, WHY),
            (
                13,
                Kind.NOTICE_DRAFTED,
                {"who": "a", "to_unit": COUNTY, "reply_by": LEARNED + timedelta(days=9), **WHY},
            ),
            (14, Kind.NOTICE_APPROVED, {"who": "b", "approve": False, **WHY}),
            (15, Kind.NOTICE_DRAFTED, {"who": "a", **WHY}),
            (16, Kind.SPLIT, {"summary": "又一起"}),
            (5 * DAY, Kind.NOTICE_REPLIED, WHY),
        ],
    ),
    (
        "a text for every outlet",
        {
            "kind": "publication",
            "level": None,
            "details": "两人轻伤。",
            "tasks": [{"title": "原文刊发", "units": [COUNTY, FIRE]}],
        },
        [
            (1, Kind.COMPLETED, task(COUNTY)),
            (2, Kind.TEXT_APPROVED, {"who": "b", "approve": False, **WHY}),
            (3, Kind.TEXT_APPROVED, {"who": "b", "approve": True}),
            (4, Kind.FILED, {"document": Document.PRESS_RELEASE, "text": "三人轻伤。"}),
            (5, Kind.TEXT_APPROVED, {"who": "b", "approve": True}),
            (6, Kind.TEXT_APPROVED, {"who": "b", "approve": True}),
            (7, Kind.TEXT_APPROVED, {"who": "c", "approve": True}),
            (8, Kind.FILED, {"document": Document.PRESS_RELEASE, "text": "四人轻伤。"}),
            (9, Kind.COMPLETED, task(COUNTY)),
        ],
    ),
    (
        "an inventory campaign",
        {"kind": "campaign", "level": None, "tasks": [{"title": "隐患排查", "units": [COUNTY, FIRE]}]},
        [
            (1, Kind.COMPLETED, task(COUNTY)),
            (2, Kind.REGISTERED, {"unit": COUNTY, "summary": "吊顶松动"}),
            (3, Kind.COMPLETED, task(COUNTY)),
            (4, Kind.REGISTERED, {"step": 7}),
            (4, Kind.REGISTERED, {"unit": FIRE, "step": 2}),
            (4, Kind.REGISTERED, {"unit": "emergency_bureau"}),
            (5, Kind.REGISTERED, {"step": 1, "measure": "加固", "owner": "tao_ri", **at(9 * DAY)}),
            (6, Kind.REGISTERED, {"to_unit": FIRE, "measure": "更换", "owner": "xu_you", **WHY}),
            (7, Kind.COMPLETED, task(COUNTY)),
            (8, Kind.COMPLETED, task(FIRE, task="t2", document=Document.NIL_REPORT)),
        ],
    ),
    (
        "a visit takes a case home",
        {"kind": "visit", "level": None},
        [
            (1, Kind.TAKEN_UP, {"unit": INFO, "summary": "饮水困难", "becomes": "petition", **WHY}),
            (2, Kind.TAKEN_UP, {"unit": INFO, "summary": "饮水困难", "becomes": "incident"}),
            (3, Kind.TAKEN_UP, {"unit": FIRE, "summary": "饮水困难", "becomes": "dispute"}),
        ],
    ),
    (
        "a campaign answered by documents beside the task",
        {
            "kind": "campaign",
            "level": None,
            "tasks": [{"title": "隐患排查", "units": [COUNTY, FIRE]}, {"title": "消防专项", "unit": FIRE}],
        },
        [
            (1, Kind.FILED, {"unit": COUNTY, "document": Document.INVENTORY, **WHY}),
            (2, Kind.FILED, {"unit": COUNTY, "document": Document.NIL_REPORT}),
            (3, Kind.FILED, {"unit": COUNTY, "document": Document.NIL_REPORT}),
            (4, Kind.FILED, {"unit": FIRE, "document": Document.NIL_REPORT}),
            (
                5,
                Kind.REGISTERED,
                {"to_unit": FIRE, "measure": "更换", "owner": "xu_you", **at(9 * DAY), **WHY},
            ),
            (6, Kind.FILED, {"unit": FIRE, "task": "t2", "document": Document.NIL_REPORT}),
            (
                7,
                Kind.REGISTERED,
                {"to_unit": COUNTY, "measure": "加固", "owner": "tao_ri", **at(9 * DAY), **WHY},
            ),
        ],
    ),
    (
        "assigning, a plan, what nobody knows",
        {"level": None},
        [
            (1, Kind.ASSIGNED, {}),
            (1, Kind.ASSIGNED, tasks("nowhere")),
            (2, Kind.ASSIGNED, {"unit": INFO, **tasks(COUNTY, owner="tao_ri")}),
            (3, Kind.PLAN_INVOKED, {"plan": "nothing"}),
            (3, Kind.PLAN_INVOKED, {"plan": "chemical_accident", "unit": COUNTY_HALL}),
            (4, Kind.CONFIRMED, WHY),
            (4, Kind.REFUTED, WHY),
            (4, Kind.STATED, WHY),
            (4, Kind.MEASURE_DECIDED, WHY),
            (4, Kind.REVIEW_ASKED, WHY),
            (4, Kind.REVIEWED, {"role": Role.DISCIPLINE, **WHY}),
            (5, Kind.FILED, {"document": Document.WRITTEN_REPORT, "unit": FIRE, **WHY}),
            (6, Kind.FILED, WHY),
            (7, Kind.FOLLOWED_UP, {"unit": INFO, **WHY}),
            (7, Kind.CLOSED, WHY),
        ],
    ),
    (
        "a hit of the media that no unit has reported is confirmed",
        {"kind": "opinion", "unit": "tv_centre", "topic": "tv", "harm": {"deaths": 3}},
        [
            (1, Kind.CONFIRMED, {"unit": "emergency_office", **WHY}),
            (31, Kind.CONFIRMED, {"unit": "emergency_office", **WHY}),
            (32, Kind.REFUTED, {"unit": "emergency_office", **WHY}),
            (33, Kind.CORRECTED, WHY),
        ],
    ),
    (
        "a hit of the media that was nothing is refuted",
        {"kind": "opinion", "unit": "tv_centre", "topic": "tv"},
        [
            (1, Kind.REFUTED, {"unit": "emergency_office", **WHY}),
            (31, Kind.REFUTED, {"unit": "emergency_office", **WHY}),
            (32, Kind.CONFIRMED, {"unit": "emergency_office", **WHY}),
        ],
    ),
    (
        "a task that nobody does goes its way to the supervision order and beyond",
        A_TASK,
        [(11 * DAY, Kind.PROGRESSED, {"unit": COUNTY, **WHY})],
    ),
    (
        "a roll is called where nobody can be asked",
        {"kind": "dispute"},
        [(1, Kind.ROLL_CALLED, WHY)],
    ),
    (
        "a report that comes late, of an accident with dead",
        {
            "occurred_at": LEARNED - timedelta(hours=2),
            "learned_at": LEARNED - timedelta(hours=1),
            "harm": {"deaths": 12, "injuries": 3, "loss": 7},
        },
        [(1, Kind.ASSIGNED, tasks(COUNTY))],
    ),
]
