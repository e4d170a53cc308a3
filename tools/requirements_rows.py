"""The requirements of the field, row by row, as the source says them: data for docs/requirements.md.

`routes` are those that serve the row besides the acts its policy rules name; `missing` says what a
user can't do yet.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    numbers: tuple[int, ...]
    says: str
    can: str
    limit: str
    recorded: str
    routes: tuple[str, ...] = ()
    missing: str = ""


ROWS = (
    Row(
        (1,),
        "small matters handled at the sprout",
        (
            "take small matters, see which grew: one act turns a dispute, petition, hazard or complaint "
            "into an incident and keeps the tie"
        ),
        "–",
        "first signal, who settled it",
        ("POST /api/v1/reports",),
    ),
    Row(
        (2,),
        "reports not timely, mechanisms unsound",
        (
            "review after the event with cause codes (awareness, unclear duty, mechanism, work style), "
            "the timeline filled in, lessons as tasks"
        ),
        "–",
        "review, rectification tasks",
        ("GET /api/v1/cases/{case_id}/review",),
    ),
    Row(
        (3,),
        "discipline organ follows up failures",
        "open an accountability case from a lapse: decision, review by another than who decided, outcome",
        "–",
        "decision → task → lapse → outcome",
        ("GET /api/v1/reports/lapses",),
    ),
    Row(
        (4,),
        "in one week, every unit lists its disputes and hazards, with measures and owners",
        (
            "inventory campaign (排查) to all units at once: items with sector, level, place, measure, "
            "owner, due; nil report; matrix unit × state; ledger as XLSX; each item can become a case"
        ),
        "7 days",
        "item; submission per unit",
        ("POST /api/v1/reports", "GET /api/v1/tasks"),
    ),
    Row(
        (5,),
        "heating: unapproved stop is sanctioned",
        (
            "form outage: firm, service, area, households, since, approved or not, restored; every complaint "
            "on a map of areas and days, with the households that are known; a stop without approval opens a "
            "sanction case"
        ),
        "·",
        "firm, stop, approval, sanction",
        ("POST /api/v1/ingest/hotline", "GET /api/v1/reports/complaints"),
    ),
    Row(
        (6,),
        "price monitoring points",
        (
            "form reading: point × item × price × unit; each point owes its own; missing points named; "
            "series; bulletin to the leaders; subsidies as tasks"
        ),
        "·",
        "point, item, price, time",
        ("GET /api/v1/cases", "GET /api/v1/reports/price-bulletin"),
    ),
    Row(
        (7,),
        "welfare before the festival",
        (
            "form delivery list: household under a pseudonym, what, by whom, when, the signed sheet as a "
            "file; progress by county"
        ),
        "date",
        "delivered to whom",
        ("GET /api/v1/tasks",),
    ),
    Row(
        (8,),
        "petitions: land, restructuring, resettlement",
        (
            "typed petition (parties, claim, place), acceptance and decision letters, 15/60/30; 复查 by "
            "the superior, 复核 by the level above that; closing never cancels a running review; the "
            "petition head acts with one login"
        ),
        "L 15/60/30/30 d",
        "parties, settlement",
        ("POST /api/v1/reports", "GET /api/v1/cases/{case}/documents/{name}"),
    ),
    Row(
        (9,),
        "monthly or quarterly analysis to the leaders",
        (
            "document from the trail with topic × area × trend, delivered to the leaders; only that "
            "document discharges the duty"
        ),
        "10th ·",
        "report, data window",
        ("GET /api/v1/reports/analysis", "GET /api/v1/reports/trend"),
    ),
    Row(
        (10,),
        "leaders visit the people",
        "visits announced ahead (form visit: leader, place, when), their record, cases taken on the spot",
        "–",
        "visit",
        ("POST /api/v1/reports",),
    ),
    Row(
        (11,),
        "food, drug, fire, coal and other mines",
        "sector campaigns; hazard level and rectification date per item",
        "·",
        "hazard, level, rectified",
        ("POST /api/v1/reports",),
    ),
    Row(
        (12,),
        "roads in the festival season",
        "form section check: section, finding, action; the season's calendar",
        "–",
        "section, action",
        ("POST /api/v1/reports",),
    ),
    Row(
        (13,),
        "every hazard gets a measure",
        "a hazard without measure, owner and due does not count as processed, in campaigns and alone",
        "–",
        "measure, owner, due",
        ("POST /api/v1/reports",),
    ),
    Row(
        (14,),
        "information channels kept open",
        "sources with heartbeat: a silent source is an incident of its owner, rung at that level",
        "·",
        "last seen, gaps",
        ("POST /api/v1/sources/{source}/heartbeat", "GET /api/v1/directory/gaps"),
    ),
    Row(
        (15,),
        "external media at once, with feedback",
        (
            "form media hit: outlet, address, published, spotted, snapshot or clip as a file; to the "
            "leaders of both sides; feedback reaches the media desk"
        ),
        "30 min ·",
        "published, seen, reported",
        ("POST /api/v1/ingest/cloudevents",),
    ),
    Row(
        (16,),
        "TV desk, named person, 24 h",
        "named watcher around the clock; a hit goes to the leaders of both sides",
        "30 min",
        "aired, spotted, reported, watcher",
        ("POST /api/v1/reports", "GET /api/v1/directory/rosters"),
    ),
    Row(
        (17,),
        "government website and info centre",
        "a web hit goes to the government's leaders by phone and SMS",
        "30 min",
        "URL, snapshot, each attempt",
        ("POST /api/v1/ingest/cloudevents", "GET /api/v1/deliveries"),
    ),
    Row(
        (18,),
        "any major emergency",
        "one duty per recipient: leaders **and** emergency office",
        "30 min",
        "channel, time, who answered",
        ("POST /api/v1/reports",),
    ),
    Row(
        (19,),
        "can't reach them: secretary-general …",
        (
            "chain of those who stand in: whoever on it answers settles the unit's report, the leader is "
            "not reached and is told"
        ),
        "5+3 min ·",
        "failed attempts, who took it",
        ("GET /api/v1/deliveries",),
    ),
    Row(
        (20,),
        "not in time: strictly pursued",
        "a lapse only for who did not report in time, with its evidence",
        "on expiry",
        "lateness, cause, evidence",
        ("GET /api/v1/reports/lapses", "GET /api/v1/reports/timeliness"),
    ),
    Row(
        (21,),
        "competence-based responsibility",
        "an incident goes to the competent unit and the county too, lead and helpers named and told",
        "–",
        "routing, reason",
        ("GET /api/v1/directory/units", "POST /api/v1/policy/explain"),
    ),
    Row(
        (22,),
        "leader in charge tracks until resolved",
        (
            "level I–II or sensitive, of any kind: the leader in charge tracks it, only the leader or "
            "above ends it"
        ),
        "until resolved",
        "progress log, closing evidence",
        ("GET /api/v1/cases/{id}",),
    ),
    Row(
        (23,),
        "no buck-passing",
        (
            "transfer needs acceptance, the sender answers until then; after the last bounce the common "
            "superior imposes the lead; petition office and Two Offices may transfer for others"
        ),
        "5 wd L, 2 bounces ·",
        "transfer chain, objections",
        ("GET /api/v1/cases/{id}",),
    ),
    Row(
        (24,),
        "petition office supervises, feeds back, names publicly",
        (
            "supervision order (督办): 立项 交办 催办 反馈 审核 销号; bulletin of cases; notice (通报) "
            "after two approvals and a reply window, on a page without login and as a document with 主送, "
            "文号, 落款"
        ),
        "–",
        "order, reply, notice, correction",
        (
            "GET /api/v1/cases/{case_id}/public-notice",
            "GET /api/v1/reports/supervision",
            "GET /api/v1/reports/case-bulletin",
            "POST /api/v1/reports",
        ),
    ),
    Row(
        (25,),
        "duty roster",
        (
            "sign-in, handover with notes, swap and override on a page, calendar feed by secret address, "
            "absence is a lapse"
        ),
        "24 h",
        "shift, presence, calls",
        ("GET /api/v1/directory/rosters", "GET /api/v1/rosters/{id}.ics", "POST /api/v1/directory/changes"),
    ),
    Row(
        (26,),
        "fight together",
        "joint task with one lead and sub-tasks, accepted by link",
        "–",
        "lead, members",
        ("GET /api/v1/tasks",),
    ),
    Row(
        (27,),
        "contingency plans, operable",
        "plan library: version, owner; steps as tasks; each plan its own drill and review date",
        "review date",
        "version, drill",
        ("GET /api/v1/directory/plans",),
    ),
    Row(
        (28,),
        "study the patterns",
        "area × category × topic × hour × unit, harm, trend; figures open into records",
        "–",
        "–",
        ("GET /api/v1/reports/analysis", "GET /api/v1/reports/trend", "GET /api/v1/reports/timeliness"),
    ),
    Row(
        (29,),
        "units that do not report",
        (
            "cross-check: an outside source knows what the unit did not report; Chinese and English "
            "compared, never matched on a default; the unit is told and can answer"
        ),
        "30 min",
        "witness source vs missing report",
        ("POST /api/v1/ingest/cap", "POST /api/v1/ingest/hotline"),
    ),
    Row(
        (30,),
        "commander and acting commander, level answers to level",
        "command chain by portfolio and level, acting commander, handover",
        "–",
        "commander, handover",
        ("GET /api/v1/cases/{id}",),
    ),
    Row(
        (31,),
        "unified command",
        "orders that say what is ordered, acceptance by link",
        "·",
        "order, ack",
        ("GET /api/v1/tasks",),
    ),
    Row(
        (32,),
        "within 3 days all report problems; office splits them into tasks",
        "collect → split into tasks → notice document → track",
        "3 days",
        "submission, notice, tasks",
        ("POST /api/v1/reports", "GET /api/v1/tasks", "GET /api/v1/cases/{case}/documents/{name}"),
    ),
    Row(
        (33,),
        "how lateness is pursued, to what degree, decided by meeting",
        (
            "accountability policy in versions: draft → the meeting's resolution → in force; frozen on "
            "each case; software proposes, the organ decides"
        ),
        "–",
        "draft, approval, effective from",
        (
            "POST /api/v1/policy/versions",
            "POST /api/v1/policy/versions/{version}/submit",
            "POST /api/v1/policy/versions/{version}/approve",
            "GET /",
            "GET /versions/{version}",
            "POST /versions/{version}/change",
            "POST /versions/{version}/approve",
        ),
    ),
    Row(
        (34, 35, 36),
        "heat, water, power; heaters for the vulnerable; fuel stock; seasonal checks",
        (
            "form outage; form stock with thresholds that ring the firm and its bureau; heaters on a list with "
            "the signed sheet; checklists with items and findings, each finding a task with owner and limit"
        ),
        "date",
        "–",
        ("POST /api/v1/ingest/hotline",),
    ),
    Row(
        (37, 38),
        "special cases with a named leader",
        "a case with its owner; a readable compilation of what was done, for the web",
        "–",
        "–",
        ("GET /api/v1/cases/{id}/evidence",),
    ),
    Row(
        (39, 40, 41),
        "press conferences, press calendar, simultaneous publication",
        (
            "press calendar (theme, unit, date); text → approval by two → outlets with embargo → receipts "
            "compared; the journalists' round table as an event"
        ),
        "P 5 h / 24 h / 48 h",
        "text, outlets, receipt",
        ("POST /api/v1/reports", "GET /api/v1/tasks"),
    ),
    Row(
        (42,),
        "grass-roots organisations, leadership meetings, order and sanitation before the festival",
        (
            "townships and villages as areas and units; a meeting as an event with its resolution and "
            "tasks; seasonal checklists, each finding a task with owner and limit"
        ),
        "–",
        "resolution, tasks, findings",
        ("POST /api/v1/reports", "GET /api/v1/tasks"),
    ),
)
