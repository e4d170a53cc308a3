"""Intake over HTTP: one file for each group of paths. A handler reads the request, calls one thing, writes
the answer.
"""
