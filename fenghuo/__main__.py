"""`python -m fenghuo …`: the command `fenghuo` where no script of that name is installed (the image)."""

from fenghuo.cli import main

main()
