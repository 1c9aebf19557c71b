# SPDX-License-Identifier: MIT
"""The list of scenarios: a function with @scenario is one, its first docstring line says what it proves."""

every = []


def scenario(function=None, *, long=False, alone=False):
    """long: only with --long. alone: nothing else may run beside it (it measures, or fills the machine)."""
    def register(f):
        f.long, f.alone = long, alone
        every.append(f)
        return f
    return register(function) if function else register
