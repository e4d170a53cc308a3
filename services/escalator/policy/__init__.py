"""The policy language: `model` what may be written, `load` how it is checked, `plan` what it means for one
report.
"""
