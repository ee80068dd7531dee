"""`python -m hutong` and the command `hutong`."""

from hutong.cli.app import app


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
