"""From the stream into the trail: one order, gapless, whatever dies when."""
