"""What the tests of every client share: brokers to talk to, processes, toolchains, results."""
