"""The policy played without a broker: explained for one case, simulated over many."""
