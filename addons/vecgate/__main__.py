"""`python -m vecgate`: the command line."""

from vecgate.cli import main

if __name__ == "__main__":
    main()
