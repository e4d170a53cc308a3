"""What an attacker would do, done to the running system: one file a deed, named by what must be true all the
same.

Each line of docs/security.md names the file that does the deed. The attacker has what a real one has: a
stranger's connection, a publisher's key, a duty officer's token, one service's key; never the inside of the
process.
"""
