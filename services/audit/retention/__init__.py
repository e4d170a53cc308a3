"""Old records in sealed files, and the trail without them."""
