"""What each figure means, in the words that stand below it on the page and at the end of the analysis."""

from shared.language.catalogue import N_

TIMELINESS = (
    N_(
        "In time or late is what was decided when it happened and stands in the record; nothing is worked out again. On or before the "
        "limit is in time. What was done after its limit counts as late and not as in time; where the record names an excuse it is counted "
        "as excused instead."
    ),
    N_(
        "Share in time: duties done in time, of those done in time and those that lapsed. Lapses for which the record names an excuse are "
        "counted apart and left out of the share, of every ranking and of what is called overdue: the system was away, no call had been "
        "handed over, every channel failed, a stand-in answered, a transfer was pending."
    ),
    N_(
        "Under a unit stands what it owed. Where its report was there in time and the leader it is owed to did not answer, the lapse "
        "stands under the leader and is left out of the unit's share; where the report itself came late, it stands under the unit alone."
    ),
    N_(
        "Time taken is counted from the record that opened the duty to the act that ended it. "
        "Of an even number the median is the lower of the two in the middle."
    ),
    N_("By channel: the one over which the first call got through to the person who has to act."),
    N_(
        "Level, category and area are those of the report; grading anew does not move a matter to another line."
    ),
    N_(
        "Duties in cases of accountability and in watches count for all, for the unit and by duty, and have no level, category or area."
    ),
)
LAPSES = (
    N_(
        "A lapse is a limit that passed before what was owed was done. It is never taken back, whatever becomes of the duty."
    ),
    N_(
        "What became of it is read up to the checkpoint, also where it came after the window. The software proposes; the organ decides."
    ),
    N_("One referral stands for all lapses of one failure: it is shown at the first of them."),
)
HOLDING = (
    N_(
        "A matter is held by one unit at every moment, from its report on; a transfer binds the sender until it is accepted or imposed."
    ),
    N_(
        "Times are counted within the window, so that those of all units add up to the time the matters were open."
    ),
)
REACHABILITY = (
    N_(
        "A message counts where the decision that sent it lies in the window; what became of it may come later."
    ),
    N_(
        "Answered: the person acknowledged, or did what was asked, whichever came first. Reminders and information ask for no answer."
    ),
    N_(
        "Handed to the gateway: the gateway has taken it. Delivered: it said later that the telephone has it; not every gateway says so."
    ),
    N_(
        "Link opened: by the person or by a mail scanner; it is no answer. Held messages rang nobody and are counted apart."
    ),
)
RESOLUTION = (
    N_(
        "Response: the first time anybody acknowledged, took over or worked on a matter reported in the window."
    ),
    N_(
        "Resolution: from the report to the act that recorded it as resolved. "
        "Open: neither closed, withdrawn nor merged at the window's end."
    ),
    N_(
        "Satisfaction: what those who reported or complained said when asked, 5 very satisfied to 1 not at all; of those asked only."
    ),
    N_(
        "Open matters are looked for among those with a record in the window or in the days before it that were asked for."
    ),
)
TREND = (
    N_(
        "Matters by the time the broker stored their report, in the office's zone. Cases of accountability and watches are no matters."
    ),
    N_(
        "Harm is that of the matters reported here, as it was last said up to the end of the window; "
        "where nothing stands nobody has said any."
    ),
)
COMPLAINTS = (
    N_(
        "Every complaint counts once, on the day it came in and whatever became of it; an area counts at its county, or, where an area "
        "is asked for, at the part of it right below."
    ),
    N_(
        "Households are those of complaints that came with a form which says how many, as it was last said; one that was withdrawn, or "
        "merged into another case, adds none. Several who call from the same house may each count it."
    ),
)
FORMS = (
    N_(
        "A row is one case, or one document handed in, as it stands at the end of the window; where the form says what a row is about, "
        "filled in again it stands in the place of the one before. What was refused, withdrawn or merged is left out."
    ),
    N_(
        "An area counts at its county, or, where an area is asked for, at the part of it right below. "
        "Numbers of which a sum means nothing show from the least to the most."
    ),
    N_(
        "Missing: owed in the window by a duty that this form's document discharges, and not there at its end. "
        "Values that were erased are left out."
    ),
)
SUPERVISION = (
    N_(
        "Ordered, taken on, fed back, sent back and closed count in the period in which it happened, under the unit that was ordered to; "
        "closed is what whoever ordered it has verified."
    ),
    N_(
        "Past its limit is what lapsed and was not fed back since it was last asked for; what something on record excuses is not named."
    ),
)
BULLETIN = (
    N_(
        "The price of the week is the last that a point handed in for one of its days, whenever it came. Handed in again for the same "
        "day, the later one stands."
    ),
    N_(
        "Against the day before: the same point, item and measure on the day before that price. Against the week before: the last "
        "price of the week before."
    ),
)
ALWAYS = (
    N_("Exercises are left out everywhere and only counted as left out."),
    N_(
        "A fact that was delivered twice counts once. Every figure holds up to the signed checkpoint named here and can be counted again."
    ),
)
