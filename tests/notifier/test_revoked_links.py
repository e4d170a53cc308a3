"""A link that came into other hands is revoked: it says so, with whom to ring, and takes no answer; what is sent afterwards
has a link that works; and it is on record who had it so, and why.
"""

import httpx2
import pytest

from fenghuo.gateway_lab import GatewayLab
from fenghuo.gateway_messages import Received
from shared.facts.links import LinksRevoked
from shared.ids import CaseId
from shared.vocabulary import Kind, Language, Role
from tests.lab import Lab, Running, until
from tests.notifier.decisions import Record, a_case, a_notice, decided
from tests.notifier.test_links import a_link

WHY = "手机遗失"


async def revoke(
    client: httpx2.AsyncClient, lab: Lab, about: CaseId, role: Role = Role.OPERATOR, **form: str
) -> int:
    asked = {"case": about, "person": "zhao_jia", "why": WHY, **form}
    person = {"person": "qian_yi"} if role is not Role.OPERATOR else {}
    answer = await client.post("/api/v1/revoked-links", json=asked, headers=lab.bearer(role, **person))
    return answer.status_code


async def test_a_revoked_link_takes_no_answer_and_the_next_one_does(
    notifier: Running, gateway: GatewayLab, record: Record, lab: Lab
) -> None:
    case = a_case()
    path = await a_link(gateway, record, case)
    async with httpx2.AsyncClient(base_url=notifier.url) as client:
        assert (await client.get(path)).status_code == 200
        assert await revoke(client, lab, case, person="sun_bing") == 200, "another's links"
        assert (await client.get(path)).status_code == 200
        assert await revoke(client, lab, case) == 200

        for page in (
            await client.get(path),
            await client.post(path),
            await client.post(path, data={"choice": "later"}),
        ):
            assert page.status_code == 410
            assert "该链接已作废" in page.text
            assert "致电" in page.text
            assert "<button" not in page.text
            assert "煤矿透水" not in page.text
        assert (await client.get(f"{path}/files/{'0' * 64}")).status_code == 404
        assert not await record.facts(case, Kind.ACKNOWLEDGED)

        seen = {message.id for message in gateway.gateway.messages}
        await record.decide(decided(case, a_notice(case, number=2), number=2))
        await record.outcomes(case, 2)

        def next_message() -> Received | None:
            return next(
                (one for one in gateway.gateway.messages if case in one.id and one.id not in seen), None
            )

        after = await until(next_message, seconds=10, what="the next message is out")
        assert after is not None
        assert after.link
        assert (await client.post(after.link)).status_code == 202

    said = [LinksRevoked.model_validate(fact.data) for fact in await record.facts(case, Kind.LINKS_REVOKED)]
    assert [(one.person, one.why, one.by.role) for one in said] == [
        ("sun_bing", WHY, Role.OPERATOR),
        ("zhao_jia", WHY, Role.OPERATOR),
    ]


@pytest.mark.parametrize(
    ("role", "form", "status"),
    [
        (Role.LEADER, {}, 403),
        (Role.REPORTER, {}, 403),
        (Role.OPERATOR, {"person": "nobody_here"}, 422),
        (Role.OPERATOR, {"why": ""}, 422),
        (Role.OPERATOR, {"why": "x" * 5_000}, 413),
        (Role.OPERATOR, {"case": "01KB9999999999999999999999"}, 404),
        (Role.OPERATOR, {"case": "a.b"}, 422),
        (Role.DUTY_OFFICER, {}, 403),
    ],
)
async def test_nobody_else_ends_a_link_and_what_is_wrong_is_named(
    notifier: Running,
    gateway: GatewayLab,
    record: Record,
    lab: Lab,
    role: Role,
    form: dict[str, str],
    status: int,
) -> None:
    case = a_case()
    path = await a_link(gateway, record, case)
    async with httpx2.AsyncClient(base_url=notifier.url) as client:
        assert await revoke(client, lab, case, role, **form) == status
        assert (await client.get(path)).status_code == 200
    assert not await record.facts(case, Kind.LINKS_REVOKED)


async def test_the_page_speaks_the_readers_language(
    notifier: Running, gateway: GatewayLab, record: Record, lab: Lab
) -> None:
    case = a_case()
    path = await a_link(gateway, record, case, person="qian_yi", channels=("email",), language=Language.EN)
    async with httpx2.AsyncClient(base_url=notifier.url) as client:
        assert await revoke(client, lab, case, person="qian_yi") == 200
        page = await client.get(path, headers={"Accept-Language": "en"})
    assert "This link has been revoked" in page.text
