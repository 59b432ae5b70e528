"""Stock clients for several languages, each in an environment of its own, all put through the same scenarios."""

import pytest

pytest.register_assert_rewrite("compat_tests.clients.scenarios")
