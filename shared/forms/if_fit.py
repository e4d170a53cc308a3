"""The forms for words alone: who only says what a form is called goes on without a file that can't be read."""

from pathlib import Path

import structlog

from shared.forms.book import NO_FORMS, Forms, load_forms
from shared.lined_yaml import YamlFault

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def forms_if_fit(path: Path) -> Forms:
    try:
        return load_forms(path)
    except YamlFault as fault:
        log.warning(
            "forms_unfit", faults=fault.faults[:3], next="forms show under the names of their fields alone"
        )
        return NO_FORMS
