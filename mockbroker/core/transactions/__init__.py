"""Exactly-once: the transaction coordinator, and what partitions ask of it.

- `states`: the states, which may follow which, and what EndTxn does in each.
- `metadata`: one transactional id as the log knows it, and every step that leads to its next version.
- `log_records`: how that stands in `__transaction_state`.
- `state_log`: who coordinates what, loading, deciding then writing.
- `coordinator`: what clients ask for.
- `markers`: the control batches that end a transaction in its partitions.
- `timeouts`: transactions that take too long, transactional ids that nobody uses.
- `verification`: how a partition's leader makes sure that a transaction is open (KIP-890).
- `queries`: list and describe.
- `producer_ids`: producer ids, unique in the cluster.
"""
