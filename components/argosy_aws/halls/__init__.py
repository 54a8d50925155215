"""What joins bare-metal halls to a site: routes, and machines as nodes of its cluster."""
