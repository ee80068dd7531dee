"""The command line a self-hoster uses. Each command parses, calls a flow and shows what came of it."""
