"""The Pulumi plugin `pulumi-resource-baremetal`: `ServerClaim` and `Machine` over gRPC."""
