"""A way beside others: it goes out of itself, is told apart, and nobody may name it."""

from datetime import UTC, datetime

from services.notifier.delivery.beside import WaysBeside
from services.notifier.delivery.record import DeliveryOutcome, DeliveryRecord, Sheet
from services.notifier.delivery.routes import routes
from shared.browsers import MOST, Browsers
from shared.directory import Person
from shared.directory.people import ChannelAddress
from shared.facts import Decision, Delivery, MessageState, Name, Notice, read_decision
from shared.facts.account import Called
from shared.facts.body import DeliveryBody
from shared.ids import CaseId, PersonId, UnitId
from shared.vocabulary import Kind
from tests.notifier.channels.test_webpush import Chrome
from tests.notifier.decisions import a_notice, decided

CASE = CaseId("01KB0000000000000000000000")
NOW = datetime(2026, 11, 2, 19, 3, tzinfo=UTC)
ZHAO = PersonId("zhao_jia")
ALL = WaysBeside(("browser",), lambda person: person == ZHAO)


def decision(*notices: Notice) -> Decision:
    return read_decision(decided(CASE, *notices).data)


def record(channel: str, outcome: DeliveryOutcome, state: MessageState | None) -> DeliveryRecord:
    delivery = Delivery(
        notice=a_notice(CASE).id,
        person=ZHAO,
        channel=channel,
        address="…",
        attempts=1,
        first_tried_at=NOW,
        done_at=NOW,
        state=state,
    )
    return DeliveryRecord(outcome=outcome, delivery=delivery)


def test_each_notice_to_whoever_has_put_down_a_browser_rings_it_once() -> None:
    told = decision(
        a_notice(CASE),
        a_notice(CASE, number=2, person="sun_bing"),
        a_notice(CASE, number=3, held="an_exercise"),
        a_notice(CASE, number=4, channels=("browser",)),
    )
    sheet = Sheet.of(CASE, f"{CASE}:1", told.notices)
    [(notice, route)] = ALL.legs(told, sheet, {ZHAO, PersonId("sun_bing")})
    assert (notice.id, route.channel, route.addresses) == (told.notices[0].id, "browser", (ZHAO,))
    assert ALL.legs(told, sheet, set()) == [], "who has left the directory is rung nowhere"
    done = sheet.with_bundle([record("browser", DeliveryOutcome.FAILED, MessageState.BESIDE)])
    assert ALL.legs(told, done, {ZHAO}) == [], "killed and begun again, it does not ring twice"


def test_what_became_of_it_is_a_fact_of_its_own() -> None:
    sheet = Sheet.of(CASE, f"{CASE}:1", (a_notice(CASE),)).with_bundle(
        [
            record("sms", DeliveryOutcome.DELIVERED, None),
            record("browser", DeliveryOutcome.DELIVERED, MessageState.BESIDE),
        ]
    )
    facts = sheet.facts(0)
    assert [(fact.kind, fact.id) for fact in facts] == [
        (Kind.DELIVERED, f"{CASE}:1:delivered:0"),
        (Kind.DELIVERED, f"{CASE}:1:delivered:0:beside"),
    ]
    called = Called(notice=a_notice(CASE).id, person=ZHAO)
    line = DeliveryBody({"notice": called.notice, "channel": "browser", "state": "beside"})
    assert called.told(line, failed=False) == called.told(line, failed=True) == called


def test_whoever_names_it_reads_what_to_name_instead() -> None:
    person = Person(
        id=ZHAO,
        name=Name(zh="赵甲", en="Zhao Jia"),
        unit=UnitId("government"),
        channels=(ChannelAddress(channel="sms", address="+860000000101"),),
    )
    sms, browser = routes(a_notice(CASE, channels=("sms", "browser")), person, {"sms"}, {"browser"})
    assert sms.addresses
    assert "name another channel" in str(browser.obstacle)


async def test_of_many_browsers_the_oldest_goes() -> None:
    forgotten: list[str] = []

    class Kept(Browsers):
        async def forget(self, browser: object) -> None:
            forgotten.append(getattr(browser, "key", ""))

    class Nowhere:
        def jetstream(self) -> "Nowhere":
            return self

        async def publish(self, *_: object, **__: object) -> object:
            return type("Ack", (), {"seq": 1})()

    browsers = Kept(Nowhere)  # pyright: ignore[reportArgumentType, reportReturnType] - the broker is elsewhere
    chrome = Chrome()
    for number in range(MOST):
        one = chrome.put_down(f"https://push.example/{number}").model_copy(
            update={"since": NOW.replace(minute=number)}
        )
        browsers._of.setdefault(ZHAO, {})[one.push.id] = one  # pyright: ignore[reportPrivateUsage]
    await browsers.put(chrome.put_down("https://push.example/0"))
    assert forgotten == [], "the same one again is none more"
    await browsers.put(chrome.put_down("https://push.example/new"))
    assert forgotten == [browsers.of(ZHAO)[0].key]


def test_a_browser_is_found_by_its_id_whosever_it_is() -> None:
    browsers, one = Browsers(lambda: None), Chrome().put_down("https://push.example/1")  # pyright: ignore[reportArgumentType]
    browsers._of[ZHAO] = {one.push.id: one}  # pyright: ignore[reportPrivateUsage]
    assert browsers.named(one.push.id) is one
    assert browsers.named("") is browsers.named("0" * 32) is None
