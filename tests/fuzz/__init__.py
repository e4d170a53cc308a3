"""Every parser fed with what nobody would write: `make fuzz` does it for a while each; what it found stands
in tests/unit.
"""
