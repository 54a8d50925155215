"""The contract that every provider keeps, and the tools to declare and test fleets."""
