"""Entry point of the plugin `pulumi-resource-baremetal`. The engine starts it; people do not."""

from __future__ import annotations

import asyncio

from argosy_metal.claims import RunIdentity


def main() -> None:
    """Serve until the engine is done. The engine's address, which it gives as an argument, is not needed."""
    # Before the slow imports: a parent that ends meanwhile must not be taken for the real one.
    run = RunIdentity.of_parent()
    from argosy_metal.provider.serve import serve

    asyncio.run(serve(run))


if __name__ == "__main__":
    main()
