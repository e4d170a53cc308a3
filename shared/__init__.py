"""The contract every service speaks: facts, subjects, streams, the directory, settings and how a service
lives.
"""
