"""Who is who: areas, units, posts and who holds them, people, rosters, sources, plans. Valid as a whole, or
not loaded at all.

`whole` is the document and what is asked of it, `faults` what makes it invalid, `gaps` what is valid today
and dark on Sunday,
`changes` how it is changed, `live` how a service follows it at run time.
"""

from shared.directory.gaps import Gap, gaps
from shared.directory.people import Absence, ChannelAddress, Person, Post, QuietHours, WhyHolder
from shared.directory.placed import DirectoryFault
from shared.directory.plans import ContingencyPlan, PlanScope, PlanStep, Suppression
from shared.directory.roster import Override, Roster, Shift
from shared.directory.span import Span
from shared.directory.units import Area, Competence, Source, Unit
from shared.directory.whole import Directory, load_directory

__all__ = [
    "Absence",
    "Area",
    "ChannelAddress",
    "Competence",
    "ContingencyPlan",
    "Directory",
    "DirectoryFault",
    "Gap",
    "Override",
    "Person",
    "PlanScope",
    "PlanStep",
    "Post",
    "QuietHours",
    "Roster",
    "Shift",
    "Source",
    "Span",
    "Suppression",
    "Unit",
    "WhyHolder",
    "gaps",
    "load_directory",
]
