"""`argosy metal`: simulate halls, show their machines, replace a broken server, recover a killed run.

Each command imports what it needs when it runs, so that `--help` waits for nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Bare-metal halls: simulate them, show and replace their servers, recover a killed run.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Env = Annotated[str, typer.Argument(metavar="ENV", help="An environment, or the path of a fleet file.")]


@app.command()
def simulate(
    env: Annotated[
        str | None, typer.Argument(metavar="[ENV]", help="An environment, or the path of a fleet file.")
    ] = None,
    scenario: Annotated[
        Path | None,
        typer.Option(help="A file of halls (without ENV), faults and what is switched when.", dir_okay=False),
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option(
            help="Where its files are, without ENV; default: .argosy/simulators/SCENARIO.", file_okay=False
        ),
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Return when it is ready; it runs on.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End it.")] = False,
) -> None:
    """Simulate the fleet's simulated halls: every server's BMC, and each hall's provisioning service.

    With --scenario alone: the halls of that file, for any Redfish client.
    """
    from argosy_metal.commands.simulate import simulate_fleet

    simulate_fleet(env, detach=detach, stop=stop, scenario=scenario, directory=directory)


@app.command()
def status(
    env: Env,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    stack: Annotated[
        str | None, typer.Option(help="The Pulumi stack; default: ENV, and ENV-SITE for a site of its own.")
    ] = None,
) -> None:
    """Show every planned machine as the claims store has it; exit 1 unless all of them run."""
    from argosy_metal.commands.status import show_status

    show_status(env, as_json=as_json, stack=stack)


@app.command()
def show(
    env: Env,
    server: Annotated[str, typer.Argument(metavar="SERVER", help="A claimed server, as SITE/SERIAL.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Ask a BMC what its server has: power, BIOS, firmware, volumes, secure boot, limits. Changes nothing."""
    from argosy_metal.commands.show import show_server

    show_server(env, server, as_json=as_json)


@app.command()
def replace(
    env: Env,
    place: Annotated[
        str, typer.Argument(metavar="SLOT", help="The slot, as SITE/POOL/slot-NN; `status` shows all.")
    ],
    reason: Annotated[str, typer.Option(help="Why the server leaves; kept in the inventory.")],
) -> None:
    """Give a slot to a spare, and put its broken server out of service: two files change, no server does."""
    from argosy_metal.commands.replace import replace_slot

    replace_slot(env, place, reason)


@app.command()
def abandon(
    env: Env,
    server: Annotated[str, typer.Argument(metavar="SERVER", help="A claimed server, as SITE/SERIAL.")],
    reason: Annotated[
        str, typer.Option(help="Why its BMC will never answer again; kept with the claim.")
    ] = "",
    take_back: Annotated[
        bool, typer.Option("--take-back", help="Let a server that was given up be used again.")
    ] = False,
    wiped: Annotated[
        str | None,
        typer.Option(help="With --take-back: how its drives were wiped or destroyed, if a wipe is owed."),
    ] = None,
) -> None:
    """Give up a server that is out of service, off the power, and whose BMC is dead: touches no server.

    The next `pulumi up` lets go of it without its BMC. No slot gets it until it is taken back.
    """
    from argosy_metal.commands.abandon import abandon_server, take_back_server

    if take_back:
        take_back_server(env, server, wiped)
    else:
        abandon_server(env, server, reason)


@app.command()
def recover(
    env: Env,
    stack: Annotated[
        str | None, typer.Option(help="The Pulumi stack; default: the fleet file's name.")
    ] = None,
    policy_pack: Annotated[
        list[Path] | None,
        typer.Option(
            help="A folder of policies to judge the `pulumi up` by; may be repeated.",
            exists=True,
            file_okay=False,
            resolve_path=True,
        ),
    ] = None,
    down: Annotated[
        bool, typer.Option("--down", help="Take the fleet down instead of bringing it up.")
    ] = False,
) -> None:
    """Settle what a killed `pulumi up` left, and run it again. Safe at any time, and more than once."""
    from argosy_metal.commands.recover import recover_fleet

    recover_fleet(env, stack, policy_pack or (), down=down)


@app.command("import-inventory")
def import_inventory(
    netbox: Annotated[str, typer.Option(help="NetBox's address, https://HOST.")],
    token: Annotated[str, typer.Option(help="Its API token: env:NAME or file:PATH.")],
    site: Annotated[str, typer.Option(help="The site's slug in NetBox.")],
    server_type: Annotated[
        list[str],
        typer.Option(
            "--type", help="DEVICE_TYPE=SERVER_TYPE: a NetBox slug and the catalogue's name; may be repeated."
        ),
    ],
    username: Annotated[str, typer.Option(help="Reference to the BMCs' user name, for the file.")],
    password: Annotated[str, typer.Option(help="Reference to the BMCs' password, for the file.")],
    name: Annotated[
        str | None, typer.Option(help="The site's name in the fleet file; default: SITE.")
    ] = None,
    bmc: Annotated[
        str, typer.Option(help="A BMC's URL, with {address} (out-of-band IP), {name} or {serial}.")
    ] = "https://{address}",
    feed: Annotated[
        list[str] | None, typer.Option(help="NETBOX_FEED=FEED: another name for a feed; may be repeated.")
    ] = None,
    ca_certificate: Annotated[
        Path | None,
        typer.Option(help="PEM file of the authority of NetBox's certificate.", exists=True, dir_okay=False),
    ] = None,
    plain_http: Annotated[
        bool, typer.Option("--plain-http", help="Send the token over http:// to another computer too.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A file to write, or to bring up to date.", dir_okay=False),
    ] = None,
) -> None:
    """Print a hall's inventory as NetBox has it: servers, BMCs, racks and feeds. Only reads NetBox.

    With --output a file that is there keeps what NetBox does not know, and stays as it was if all does not go
    well.
    """
    from argosy_metal.commands.import_inventory import pairs, print_inventory
    from argosy_metal.netbox.inventory import Wanted

    types, feeds = pairs(server_type, "--type"), pairs(feed or [], "--feed")
    wanted = Wanted(name or site, types, username, password, bmc, feeds)
    print_inventory(netbox, token, site, wanted, ca_certificate, output, is_plain_http_allowed=plain_http)


@app.command()
def provision(
    directory: Annotated[Path, typer.Argument(help="The service's folder: images/ and what it remembers.")],
    url: Annotated[str, typer.Option(help="Where machines reach it, https://HOST[:PORT].")],
    certificate: Annotated[Path, typer.Option(help="Its certificate, with the chain, as PEM.")],
    key: Annotated[Path, typer.Option(help="The certificate's key, as PEM.")],
    authority: Annotated[Path, typer.Option(help="The authority that signed it, as PEM; installers get it.")],
    token: Annotated[str, typer.Option(help="The hall's token: env:NAME or file:PATH.")],
    listen: Annotated[str, typer.Option(help="HOST:PORT to listen on.")] = "0.0.0.0:443",
) -> None:
    """Serve a hall: its images, what each installation may ask for, and machines that phone home."""
    from argosy_metal.commands.provision import provision_hall

    provision_hall(directory, url, listen, certificate, key, authority, token)


@app.command()
def schema() -> None:
    """Print the schema of the `baremetal` package, from which Pulumi generates SDKs for other languages."""
    from argosy_metal.commands.schema import package_schema_text

    typer.echo(package_schema_text())
