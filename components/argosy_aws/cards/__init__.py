"""Network cards of EC2 instance types, and the interfaces that belong on them."""
