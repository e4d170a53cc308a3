"""One file a command or group of commands; `fenghuo/cli.py` puts them together."""
