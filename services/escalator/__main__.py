"""`python -m services.escalator`"""

from services.escalator.app import main

main()
