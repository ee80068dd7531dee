"""The built-in provider: `client` and `webhook` are our side, `server` is the other company."""
