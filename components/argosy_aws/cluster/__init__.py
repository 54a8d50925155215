"""The EKS cluster of a site: control plane, access, add-ons, and the nodes its own software runs on."""
