"""Tests that programs of others drive: the official command line tools and stock clients, over sockets."""
