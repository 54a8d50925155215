"""Google Cloud: private, encrypted GKE sites with GPU pools. Decisions and declarations stay apart."""
