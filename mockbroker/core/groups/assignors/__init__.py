"""Server-side assignors: which member of a group is to have which partition (KIP-848).

An assignor is a plain function of a `GroupSpec`. It gives every member its partitions by topic id.
"""
