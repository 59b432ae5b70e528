"""Stock clients for several languages, each in an environment of its own, all put through the same scenarios."""

try:
    import pytest
except ImportError:
    pass  # The environment of a client, which has use for worker.py only.
else:
    for module in ("base", "scenarios", "group_scenarios", "transaction_scenarios"):
        pytest.register_assert_rewrite(f"{__name__}.{module}")
