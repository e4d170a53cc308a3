"""Composes the escalator: sixteen lanes on the broker, the independent check beside them, the policy over
HTTP.
"""

import sys
from contextlib import suppress
from datetime import UTC, datetime

from services.escalator.api import policy_router
from services.escalator.cross_check.ahead import Ahead
from services.escalator.cross_check.listening import OutsideWitnesses
from services.escalator.lanes.cases import BrokenCaseError, Cases
from services.escalator.lanes.established_before import EstablishedBefore
from services.escalator.lanes.grave_cases import GraveCases
from services.escalator.lanes.lane import Lanes, Step, no_step
from services.escalator.lanes.outgoing import Outgoings
from services.escalator.lanes.overdue import OverdueClocks
from services.escalator.lanes.rebuilding import Rebuilding
from services.escalator.lanes.rulebook import RuleBook
from services.escalator.metrics import Metrics, WatchMetrics
from services.escalator.policy.load import load_policy
from services.escalator.policy_pages.desk import PolicyDesk, Running
from services.escalator.policy_pages.pages import PAGES, policy_pages
from services.escalator.policy_pages.recent_record import RecentRecord
from services.escalator.policy_pages.trial import Trials
from services.escalator.policy_store.bucket import BucketStore
from services.escalator.policy_store.steps import PolicySteps
from services.escalator.policy_store.store import Policies
from services.escalator.rebuild_api import rebuild_router
from services.escalator.self_check.survey import Survey
from services.escalator.self_check.watcher import Watcher
from services.escalator.settings import EscalatorSettings
from services.escalator.standing import StandingWatches
from shared.broker.durables import check_durables
from shared.broker.exchange import Exchange
from shared.broker.open_pull import OpenPull
from shared.case import Case
from shared.directory import load_directory
from shared.directory.live import LiveDirectory
from shared.facts.authors import Author
from shared.forms.if_fit import forms_if_fit
from shared.gatekeeping import gate_of, sessions_of
from shared.ids import CaseId
from shared.lined_yaml import YamlFault
from shared.pulse import Pulses
from shared.service import REFUSED, Service
from shared.streams import CASES, CROSS_CHECK_DURABLE, FACTS, escalator_durable
from shared.subjects import LANES
from shared.web import Pages
from shared.web.log_in import LogIn

NAME = "escalator"


def build(settings: EscalatorSettings, step: Step = no_step) -> Service:
    """The escalator, composed. Raises YamlFault for a policy that can't be read."""
    service = Service(NAME, settings)
    connection = lambda: service.connection  # noqa: E731 - the connection as it is at the call
    clock = lambda: datetime.now(UTC)  # noqa: E731 - the one wall clock
    directory = LiveDirectory(lambda: load_directory(settings.directory), connection)
    sessions = sessions_of(service, directory)
    gate = gate_of(service, directory, sessions)
    exchange = Exchange(connection)
    outgoings = Outgoings(exchange)
    policies = Policies(
        load_policy(settings.policy), BucketStore(connection), directory, clock, outgoings.tell
    )
    pulses = Pulses(connection, Author.ESCALATOR, Author.INTAKE, Author.NOTIFIER)
    rulebook = RuleBook(policies, directory, pulses)
    cases = Cases(exchange)
    rebuilding = Rebuilding(connection, cases, outgoings, rulebook, clock)
    lanes = Lanes(
        cases,
        outgoings,
        rulebook,
        rebuilding,
        OverdueClocks(connection, clock),
        Metrics(service.registry),
        clock,
        Ahead(connection).is_match_awaited,
        GraveCases(lambda: watcher.latest.grave if watcher.latest is not None else ()),
        EstablishedBefore(connection),
        step,
    )
    standing = StandingWatches(exchange, outgoings, rulebook, directory, clock)
    witnesses = OutsideWitnesses(connection, outgoings, rulebook, clock)
    durables = [escalator_durable(lane) for lane in range(LANES)]
    pulls = [
        *(
            OpenPull(connection, NAME, stream=FACTS, durable=durable, handle=lanes.handle)
            for durable in durables
        ),
        OpenPull(connection, NAME, stream=FACTS, durable=CROSS_CHECK_DURABLE, handle=witnesses.take),
    ]
    watcher = Watcher(connection, settings, WatchMetrics(service.registry), clock, rebuilding.rebuild_case)

    async def cases_answer() -> None:
        await service.connection.jetstream(timeout=2).stream_info(f"KV_{CASES}")

    async def case_of(case: CaseId) -> Case | None:
        with suppress(BrokenCaseError):
            return (await cases.load(case))[0]
        return None

    steps = PolicySteps(policies, clock, case_of, directory)
    record = RecentRecord(connection, clock)
    service.prepare += [exchange.open, policies.open, witnesses.open, pulses.open]
    service.tasks += [pulses.run, *(pull.run for pull in pulls), policies.run, standing.run, watcher.run]
    service.checks["lanes"] = check_durables(
        connection, [(FACTS, durable) for durable in (*durables, CROSS_CHECK_DURABLE)]
    )
    service.checks["formats"] = lanes.newer.check
    service.checks["cases"] = cases_answer
    service.checks["policies"] = policies.check
    log_in = LogIn(
        sessions,
        secure=settings.secure,
        domain=settings.cookie_domain,
        desk=settings.desk_url.rstrip("/"),
        here=service.url,
    )
    desk = PolicyDesk(
        steps,
        Pages("policy", gate, settings.zone, log_in=log_in, folder=PAGES, clock=clock),
        directory,
        forms_if_fit(settings.forms),
        record,
        Trials(record, policies.turns, directory, clock),
        lambda: running_cases(watcher.latest),
        settings.desk_url.rstrip("/"),
    )
    service.app.include_router(policy_pages(desk))
    service.app.include_router(policy_router(steps, directory, gate))
    service.app.include_router(rebuild_router(rebuilding, gate))
    return service


def running_cases(survey: Survey | None) -> Running | None:
    """Open cases by the version of the policy that they began under, as the independent check last saw them."""
    if survey is None:
        return None
    by_label: dict[str, list[CaseId]] = {}
    for case_id in sorted(survey.running, reverse=True):
        by_label.setdefault(survey.running[case_id], []).append(case_id)
    return Running(survey.began, by_label)


def main() -> None:
    try:
        build(EscalatorSettings()).run()
    except YamlFault as fault:
        print(fault, file=sys.stderr)  # noqa: T201 - words for whoever wrote the file
        raise SystemExit(REFUSED) from None
