"""A directory of 20,000 people and 3,000 units, made up."""

from typing import Any

PEOPLE, UNITS, ROSTERS = 20_000, 3_000, 300


def large_directory(people: int = PEOPLE, units: int = UNITS, rosters: int = ROSTERS) -> dict[str, Any]:
    """As a file could hold it: a tree of units, in each a head and a duty post with a deputy, everybody with
    three channels.
    """
    areas = [
        {
            "code": f"{620000 + number:06d}",
            "name": _name("区", "Area", number),
            "within": "620000" if number else None,
        }
        for number in range(30)
    ]
    everyone = [
        {
            "id": f"person_{number}",
            "name": _name("人员", "Person", number),
            "unit": f"unit_{number % units}",
            "channels": [
                {"channel": "voice", "address": f"+86139{number:08d}"},
                {"channel": "sms", "address": f"+86139{number:08d}"},
                {"channel": "email", "address": f"person{number}@town.example"},
            ],
        }
        for number in range(people)
    ]
    posts: list[dict[str, Any]] = []
    for number in range(units):
        head, duty = f"person_{number % people}", f"person_{(number + units) % people}"
        roster = {"roster": f"roster_{number}"} if number < rosters else {}
        posts.append(
            {
                "id": f"head_{number}",
                "name": _name("负责人", "Head", number),
                "unit": f"unit_{number}",
                "holder": head,
                "deputies": [duty],
            }
        )
        posts.append(
            {
                "id": f"duty_{number}",
                "name": _name("值班", "Duty", number),
                "unit": f"unit_{number}",
                "holder": duty,
                "deputies": [head],
            }
            | roster
        )
    return {
        "version": "large",
        "areas": areas,
        "units": [
            {
                "id": f"unit_{number}",
                "name": _name("单位", "Unit", number),
                "area": areas[number % 30]["code"] if number else "620000",
                "superior": f"unit_{(number - 1) // 10}" if number else None,
                "head": f"head_{number}",
                "duty_post": f"duty_{number}",
            }
            for number in range(units)
        ],
        "people": everyone,
        "posts": posts,
        "rosters": [
            {
                "id": f"roster_{number}",
                "name": _name("值班表", "Roster", number),
                "unit": f"unit_{number}",
                "post": f"duty_{number}",
                "timezone": "Asia/Shanghai",
                "starts": "08:00",
                "hours": 24,
                "rotation": [f"person_{(number + units * step) % people}" for step in range(4)],
                "since": "2026-11-01",
            }
            for number in range(rosters)
        ],
    }


def _name(zh: str, en: str, number: int) -> dict[str, str]:
    return {"zh": f"{zh}{number}", "en": f"{en} {number}"}


def with_villages(directory: dict[str, Any], count: int) -> dict[str, Any]:
    """The directory of a city, as a file holds it, with so many villages more, each with a head who has a
    telephone.
    """
    city = directory["areas"][0]["code"]
    numbers = range(count)
    units = [
        {
            "id": f"village_{number}",
            "name": {"zh": f"第{number}村村民委员会", "en": f"Village {number}"},
            "area": city,
            "head": f"village_head_{number}",
        }
        for number in numbers
    ]
    people = [
        {
            "id": f"villager_{number}",
            "name": {"zh": f"村民{number}", "en": f"Villager {number}"},
            "unit": f"village_{number}",
            "channels": [{"channel": "sms", "address": f"+86139{number:08d}"}],
        }
        for number in numbers
    ]
    posts = [
        {
            "id": f"village_head_{number}",
            "name": {"zh": f"第{number}村主任", "en": f"Head of village {number}"},
            "unit": f"village_{number}",
            "holder": f"villager_{number}",
        }
        for number in numbers
    ]
    more = {"units": units, "people": people, "posts": posts}
    return directory | {name: [*directory[name], *entries] for name, entries in more.items()}
