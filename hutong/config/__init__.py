"""How a site is put together: settings from the environment, addresses, the web process and the live process."""
