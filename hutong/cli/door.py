"""A door with TLS before processes that speak plain HTTP on this machine: `PORT:LOCAL_PORT` for each.

It passes bytes on and reads none of them, so streams flow through it as they come.

    python -m hutong.cli.door --address 192.168.1.20 --certificate site.crt --key site.key 8444:8001 8445:8002
"""

import argparse
import asyncio
import contextlib
import ssl

MAX_CONNECTIONS = 500
CHUNK = 65_536


class Door:
    """The open connections, of which there may be only so many."""

    def __init__(self) -> None:
        self._open = 0

    async def serve(self, address: str, port: int, local_port: int, context: ssl.SSLContext) -> None:
        """Listen for as long as the process lives."""

        async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._pass_on(reader, writer, local_port)

        server = await asyncio.start_server(pass_on, address, port, ssl=context, ssl_handshake_timeout=10)
        async with server:
            await server.serve_forever()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, local_port: int
    ) -> None:
        if self._open >= MAX_CONNECTIONS:
            writer.close()
            return
        self._open += 1
        try:
            with contextlib.suppress(OSError):  # one side went away, which ends both
                inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", local_port)
                # TLS cannot be closed half: whichever side ends first ends the other.
                both = {
                    asyncio.ensure_future(_pump(reader, inner_writer)),
                    asyncio.ensure_future(_pump(inner_reader, writer)),
                }
                _done, pending = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                for task in pending:
                    task.cancel()
                await asyncio.gather(*both, return_exceptions=True)
                inner_writer.close()
        finally:
            self._open -= 1
            writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(CHUNK):
        writer.write(piece)
        await writer.drain()


async def _run(address: str, context: ssl.SSLContext, pairs: list[tuple[int, int]]) -> None:
    door = Door()
    await asyncio.gather(*(door.serve(address, port, local, context) for port, local in pairs))


def main() -> None:
    """Read the options, then serve until told to stop by SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="door", description="TLS before local processes.")
    parser.add_argument("--address", required=True)
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("pairs", nargs="+", help="PORT:LOCAL_PORT")
    given = parser.parse_args()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(given.certificate, given.key)
    pairs = [(int(port), int(local)) for port, _colon, local in (pair.partition(":") for pair in given.pairs)]
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(given.address, context, pairs))


if __name__ == "__main__":
    main()
