"""What a fleet must hold to, judged by the engine on every resource and on the stack as a whole.

A *rule* is metadata and a pure check (`rules/`). A *policy* of the pack holds the rules of one theme and
gives each resource to those that are about its type (`pack`), since every policy costs time per resource.
"""
