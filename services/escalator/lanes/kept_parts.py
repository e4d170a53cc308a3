"""The parts of a case in all its kept revisions, each in the last revision of it that can be read."""

from nats.js import JetStreamContext

from shared.broker.revisions import last_readable, revisions
from shared.case_parts import address_of, part_key, places_of
from shared.ids import CaseId
from shared.streams import CASES


async def kept_parts(js: JetStreamContext, case: CaseId) -> dict[str, bytes]:
    """By address, without those that are gone. Raises NatsError or TimeoutError where the broker does not
    answer.
    """
    addresses: dict[str, None] = {}
    for kept in await revisions(js, CASES, case):
        try:
            named = places_of(kept.value or b"").values()
        except ValueError:
            continue
        addresses |= dict.fromkeys(address for those in named for address in those)
    part_by_address: dict[str, bytes] = {}
    for address in addresses:

        def read(raw: bytes, address: str = address) -> bytes:
            if address_of(raw) != address:
                raise ValueError(f"it is not what part {address} contains")
            return raw

        part = (await last_readable(js, CASES, part_key(case, address), read)).value
        if part is not None:
            part_by_address[address] = part
    return part_by_address
