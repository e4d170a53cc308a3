"""Files that belong to cases: of which types, under which names, where they lie, how they are sent."""
