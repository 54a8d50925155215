"""Entry point of the plugin `pulumi-resource-baremetal`. The engine starts it; people do not."""

from __future__ import annotations

import asyncio
import sys

from argosy_metal.claims import RunIdentity


def main() -> None:
    """Serve until the engine is done. Its address, where its log is, comes as the last argument."""
    # Before the slow imports: a parent that ends meanwhile must not be taken for the real one.
    run = RunIdentity.of_parent()
    from argosy_metal.provider.serve import serve

    asyncio.run(serve(run, sys.argv[-1] if len(sys.argv) > 1 else None))


if __name__ == "__main__":
    main()
