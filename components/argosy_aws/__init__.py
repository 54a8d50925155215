"""AWS: private, encrypted EKS sites with GPU node pools. Decisions and declarations are separate modules."""
