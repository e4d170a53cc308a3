"""An acknowledge link is kept, or found in an old message, and pressed after what it asked is over, or long
after its time.
"""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx2

from services.notifier.messages.links import Links
from shared.secrets import SecretFile, read_secret
from shared.vocabulary import Kind, Role
from tests.attacks.conftest import Installation
from tests.intake.builders import facts_of
from tests.lab import until
from tests.notifier.earlier_links import earlier_link


async def test_a_link_of_a_withdrawn_case_says_so_and_records_nothing(installation: Installation) -> None:
    case = await installation.report("wangshan_info_centre", level="III")
    link = await until(lambda: link_of(installation, case), what="somebody is called with a link")
    assert await withdrawn(installation, case)

    async with httpx2.AsyncClient(base_url=installation.notifier.url) as telephone:
        await until(lambda: is_over(telephone, link), what="the page says that it is over")
        for choice in ({}, {"choice": "later"}):
            pressed = await telephone.post(link, data=choice)
            assert pressed.status_code == 410
            assert "该报告已撤回" in pressed.text
            assert "<button" not in pressed.text
    assert not await facts_of(installation.lab, case, Kind.ACKNOWLEDGED)
    assert not await facts_of(installation.lab, case, Kind.SNOOZED)


async def test_a_link_of_a_case_that_nobody_keeps_any_more_answers_nothing(
    installation: Installation,
) -> None:
    """With the notifier's own key: a link for a case of years ago, or one that never was."""
    case = "01AAAAAAAAAAAAAAAAAAAAAAAA"
    token = forged(installation, case, "zhao_jia", timedelta(days=30))
    answer = httpx2.post(f"{installation.notifier.url}/a/{token}")
    assert answer.status_code == 410
    assert "此事早已办结" in answer.text
    assert not await facts_of(installation.lab, case)


async def test_a_link_that_was_handed_out_ends_with_its_duty(installation: Installation) -> None:
    """Hours, not thirty days: the limit of what it asks, and a day."""
    case = await installation.report("wangshan_info_centre", level="III")
    path = await until(lambda: link_of(installation, case), what="somebody is called with a link")
    links = Links(read_secret(installation.lab.secrets, SecretFile.LINK))
    link = links.claim(path.removeprefix("/a/"))
    assert link.expires_at - datetime.now(UTC) < timedelta(hours=26)


async def test_an_expired_link_says_what_to_do_now(installation: Installation) -> None:
    case = await installation.report("wangshan_info_centre", level="III")
    token = forged(installation, case, "zhao_jia", -timedelta(hours=2))
    answer = httpx2.post(f"{installation.notifier.url}/a/{token}")
    assert answer.status_code == 410
    assert "值班室" in answer.text
    assert "duty desk" in answer.text
    assert not await facts_of(installation.lab, case, Kind.ACKNOWLEDGED)


def forged(installation: Installation, case: str, person: str, lives: timedelta) -> str:
    """A link of an older message, which names case and person itself, with the notifier's own key."""
    key = read_secret(installation.lab.secrets, SecretFile.LINK)
    return earlier_link(key, case, "1.1", person, datetime.now(UTC) + lives)


def link_of(installation: Installation, case: str) -> str:
    links = [
        message.link
        for message in installation.gateway.gateway.messages
        if message.data.get("case") == case and message.link
    ]
    return urlsplit(links[0]).path if links else ""


async def withdrawn(installation: Installation, case: str) -> bool:
    return (
        await installation.act(
            case, "withdraw", "emergency_office", Role.DUTY_OFFICER, person="zhang_lai", text="误报"
        )
        == "applied"
    )


async def is_over(telephone: httpx2.AsyncClient, link: str) -> bool:
    return (await telephone.get(link)).status_code == 410


async def test_a_link_of_somebody_who_has_left_answers_nothing(installation: Installation) -> None:
    case = await installation.report("wangshan_info_centre", level="III")
    token = forged(installation, case, "left_long_ago", timedelta(hours=2))
    answer = httpx2.post(f"{installation.notifier.url}/a/{token}")
    assert (answer.status_code, "不在名录" in answer.text) == (410, True)
    assert not await facts_of(installation.lab, case, Kind.ACKNOWLEDGED)
