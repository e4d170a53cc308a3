"""The policy as people read and change it: in words, without YAML, up to the meeting that decides on it."""
