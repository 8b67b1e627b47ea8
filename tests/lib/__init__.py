# SPDX-License-Identifier: GPL-2.0
"""Shared parts of the tests that run virtual machines, and of the demo."""
