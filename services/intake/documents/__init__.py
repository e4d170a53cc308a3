"""Documents that a case hands out: made of the case as it stands, written by shared.documents."""
