"""Policies with one thing wrong each, and all that `policy check` says of them: the whole sentence, and the
line it points to.

`python -m tests.escalator.policy_faults` renews tests/data/policy_faults.txt; what has changed then stands in
the diff, to be read.
"""

from datetime import UTC, datetime
from pathlib import Path

from services.escalator.policy.check import findings
from tests.unit.policy_given import directory, policy

RECORD = Path(__file__).parents[1] / "data" / "policy_faults.txt"
AT = datetime(2026, 4, 1, tzinfo=UTC)
CHAIN = "chain: [secretary_general, deputy_sg_in_charge, two_offices_duty]"
WHEN = "when: { kind: incident, level: [I, II, III, IV] }\n    on: reported"
VARIANT = '{ when: { sensitive: true }, within: "@half_hour.within" }'
OWN_CHAIN = '"@half_hour.fallback"'
CHANGES: dict[str, tuple[str, str]] = {
    "a post of the half hour is not there": ("owed_to: [party_main,", "owed_to: [nobody,"),
    "a post is owed twice": ("owed_to: [party_main,", "owed_to: [gov_main,"),
    "a post of the chain is not there": (CHAIN, "chain: [secretary_general, nobody]"),
    "the chain is who was rung": (CHAIN, "chain: [gov_main, party_main]"),
    "the chain ends dark": (CHAIN, "chain: [secretary_general, gov_main]"),
    "the chain is longer than the limit": ("step: PT3M", "step: PT20M"),
    "a chain of a rule's own is lit at once": (
        OWN_CHAIN,
        "{ after: PT1M, chain: [secretary_general, nobody], step: PT0S }",
    ),
    "a chain of a rule's own ends dark": (
        OWN_CHAIN,
        "{ after: PT1M, chain: [gov_main, emergency_office], step: PT1M }",
    ),
    "nobody has the channel": ("channels: [voice, sms]", "channels: [voice, pigeon]"),
    "nobody has a rule's own channel": ("    calls: true\n", "    calls: true\n    channels: [pigeon]\n"),
    "nobody supervises": ("supervised_by: petition", "supervised_by: nobody"),
    "a task's overdue step tells nobody": ("P1D: [leader_in_charge]\n", "P1D: [leader_in_chrge]\n"),
    "a rule tells nobody": ("to: reporter_head", "to: repoter_head"),
    "a rule's overdue step tells nobody": ("[bearer, emergency_office] }", "[bearer, emergncy_office] }"),
    "nobody owes it": ("by: propaganda_head", "by: propagandist"),
    "an audience has another's name": (
        "main_leaders: [party_main, gov_main]",
        "owner: [party_main, gov_main]",
    ),
    "an audience of nobody": ("main_leaders: [party_main, gov_main]", "main_leaders: [party_main, nobody]"),
    "an audience named as a post": (
        "main_leaders: [party_main, gov_main]",
        "petition: [party_main, gov_main]",
    ),
    "a variant owed to nobody": (VARIANT, VARIANT.replace("within:", "to: nobody, within:")),
    "an area that is not there": (WHEN, WHEN.replace("incident,", 'incident, area: "110000/**",')),
    "a unit that is not there": (WHEN, WHEN.replace("incident,", "incident, unit: nobody,")),
    "a variant's area that is not there": (VARIANT, VARIANT.replace("sensitive: true", 'area: "110000"')),
    "a trigger that is not there": ("on: bounced", "on: bouncd"),
    "a trigger that is only the machine's": ("on: bounced", "on: failed"),
    "the end of a rule that is not there": (
        "[discharged.petition_route, reopened]",
        "[discharged.petition, reopened]",
    ),
    "the end of a rule about other matters": (
        "[discharged.petition_route, reopened]",
        "[lapsed.complaint, reopened]",
    ),
    "its own end": ("[discharged.petition_route, reopened]", "[lapsed.petition_close, reopened]"),
    "an act that is not there": ("discharged_by: filed.receipt", "discharged_by: filed.recept"),
    "an end that is not there": ("until: [reopened, withdrawn, merged]", "until: [reopend]"),
    "nothing discharges it": ("discharged_by: heard", "discharged_by: []"),
    "a rule extends none": ("extends: press_first", "extends: press_last"),
    "a table that is not there": ("@levels.{level}.written", "@levels.{level}.writen"),
    "a level where there is none": (
        '{ when: { level: none }, within: "@levels.III.written" }',
        "{ when: { level: none }, remind: [] }",
    ),
    "no calendar": ('every: "0 9 10 10 *"', 'every: "0 9 10 10"'),
    "nagged without a pause": ("nag: P1D", "nag: PT0S"),
    "no time at all": ("within: PT2H\n    remind: [50%]", "within: PT0S\n    remind: [50%]"),
    "a share of nothing": ("within: PT2H\n    remind: [50%]", "within: 50%\n    remind: [50%]"),
    "overdue by a share of nothing": (
        "overdue: { PT0S: [superior_head] }",
        "overdue: { 50%: [superior_head] }",
    ),
    "a reminder of a rule's own that comes too late": (
        "within: PT2H\n    remind: [50%]",
        "within: PT2H\n    remind: [PT2H]",
    ),
    "a table's reminder that comes too late": (
        "report: PT30M, written: PT1H, acknowledge: PT5M",
        "report: PT20M, written: PT1H, acknowledge: PT5M",
    ),
    "a variant that a later one hides": (VARIANT, f"{VARIANT}\n      - {VARIANT}"),
    "a variant of no matter": (VARIANT, VARIANT.replace("sensitive: true", "kind: petition")),
    "a variant that changes nothing": (VARIANT, "{ when: { sensitive: true } }"),
    "two variants that change nothing, and one of no matter": (
        VARIANT,
        "{ when: { sensitive: true } }\n      - { when: { kind: petition }, nag: P1D }\n      - { when: { kind: hazard }, nag: P1D }",
    ),
    "a rule of no matter": (
        "when: { kind: petition }\n    on: reported",
        "when: { kind: petition, level: [] }\n    on: reported",
    ),
    "a measure that hides all others": (
        "    - { when: { intent: true }, measure: referral }",
        "    - { measure: referral }",
    ),
    "a report that nobody is owed": (
        "when: { kind: [incident, opinion] }\n    on: reported",
        "when: { kind: opinion }\n    on: reported",
    ),
    "a graver level that has longer": (
        "II: { report: PT30M, written: PT1H",
        "II: { report: PT30M, written: PT5H",
    ),
    "a calendar that is not known": (
        "within: P1D\n    overdue: { PT0S: [unit_head] }",
        "within: P300WD\n    overdue: { PT0S: [unit_head] }",
    ),
}


def written() -> str:
    lines: list[str] = []
    for title, change in CHANGES.items():
        broken = policy(change)
        found = findings(broken, directory(), AT)
        lines += ["", f"# {title}"]
        for what, said in (("fault", found.faults), ("warning", found.warnings)):
            for one in said:
                where, _, words = one.partition(": ")
                lines.append(
                    f"{what}: {words}\n  at: {broken.text.splitlines()[int(where.split(':')[1]) - 1].strip()}"
                )
    return "\n".join(lines).strip() + "\n"


if __name__ == "__main__":
    RECORD.write_text(written(), encoding="utf-8")
