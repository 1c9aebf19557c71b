# SPDX-License-Identifier: MIT
"""What everything here waits with and fails with."""

import time

HANG = 60  # seconds after which anything that should have happened has not


class Failure(Exception):
    """What a scenario found wrong, in one line."""


def wait_for(condition, what, seconds=HANG):
    """Poll until condition() is true and return its value; the time is a hang guard, not a measure."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise Failure(f"waited {seconds} s for {what}")
