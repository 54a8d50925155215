"""What a hall's power and uplinks can take, as pure functions of plain values: no SDK, no file of a fleet.

| module | what it answers |
|---|---|
| `graph` | on which units a server hangs, and on which still once one is lost |
| `loads` | what each unit carries, whatever single one is lost, and how many servers may start at once |
| `supplies` | whether a server's power supplies still carry it, and which cap would let them |
| `autonomy` | how long the servers run once the utility is gone |
| `uplinks` | which uplinks are left at the worst, and what they must carry |
| `install` | how long machines take to read their image, and how many may read at once |
| `defaults` | facts that hold where a fleet file says nothing, each with its source |
"""
