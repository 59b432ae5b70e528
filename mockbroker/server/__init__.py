"""Sockets and threads around the broker. The only folder that imports trio."""
