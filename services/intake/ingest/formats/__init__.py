"""The formats others speak, one file each. A new one is a file with a function `read(Arrival) -> list[Item]`
and a line here.
"""

from services.intake.ingest.formats import alertmanager, cap, cloudevents, hotline
from services.intake.ingest.formats.items import Format

FORMATS: dict[str, Format] = {
    "cloudevents": cloudevents.read,
    "cap": cap.read,
    "alertmanager": alertmanager.read,
    "hotline": hotline.read,
}
"""By the name in `inbox.<format>.<source>`, in `POST /api/v1/ingest/<format>` and in a source's `formats`."""
