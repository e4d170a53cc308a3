"""The figures, measured on the machine at hand with the real broker, the real store and the four services as
processes.

`make bench` runs them all; `python -m bench throughput` one. `bench/RESULTS.md` holds what was measured, with
machine and command.
"""
