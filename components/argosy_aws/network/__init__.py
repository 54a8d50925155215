"""The network of a site: VPC, subnets, endpoints, security groups, flow logs."""
