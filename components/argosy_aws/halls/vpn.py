"""One VPN to a router of a hall: two tunnels, each with strong ciphers only, and keys that no state holds."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from argosy_aws.halls.choice import VpnChoice, choose_tunnel
from argosy_aws.scope import SiteScope
from argosy_component.naming import short_name

_DEVICE_NAME_LIMIT = 255
_LARGEST_ASN = 2_147_483_647
"""Above it, EC2 takes a number in another field. Source: CreateCustomerGateway of EC2's service model."""


def declare_vpn(
    scope: SiteScope,
    vpn: VpnChoice,
    gateway: aws.ec2transitgateway.TransitGateway,
    logs: aws.cloudwatch.LogGroup,
) -> aws.ec2.VpnConnection:
    """Declare a router and the VPN to it, with routes by BGP over both tunnels at once.

    AWS makes the tunnels' keys and keeps them in Secrets Manager, from which whoever sets up the router reads
    them. Neither they nor the file with the router's settings appear in plain.
    """
    tags = {**scope.named(vpn.name), "argosy-hall": vpn.hall, "argosy-location": vpn.location}
    router = aws.ec2.CustomerGateway(
        f"{scope.site}-{vpn.name}",
        type="ipsec.1",
        ip_address=vpn.address,
        # The site's own: EC2 gives one and the same gateway to whoever asks for a router a second time.
        device_name=short_name(scope.cluster_name, vpn.name, limit=_DEVICE_NAME_LIMIT),
        tags=tags,
        opts=scope.opts,
        **_asn(vpn.asn),
    )
    secret = ["customerGatewayConfiguration", "tunnel1PresharedKey", "tunnel2PresharedKey"]
    return aws.ec2.VpnConnection(
        f"{scope.site}-{vpn.name}",
        type="ipsec.1",
        customer_gateway_id=router.id,
        transit_gateway_id=gateway.id,
        static_routes_only=False,
        preshared_key_storage="SecretsManager",
        tags=tags,
        opts=pulumi.ResourceOptions.merge(
            scope.opts, pulumi.ResourceOptions(additional_secret_outputs=secret)
        ),
        **_tunnel(1, logs),
        **_tunnel(2, logs),
    )


def _asn(asn: int) -> dict[str, Any]:
    field = "bgp_asn" if asn <= _LARGEST_ASN else "bgp_asn_extended"
    return {field: str(asn)}


def _tunnel(number: int, logs: aws.cloudwatch.LogGroup) -> dict[str, Any]:
    written = {"log_enabled": True, "log_group_arn": logs.arn, "log_output_format": "json"}
    options: dict[str, Any] = {**choose_tunnel(), "log_options": {"cloudwatch_log_options": written}}
    return {f"tunnel{number}_{name}": value for name, value in options.items()}
