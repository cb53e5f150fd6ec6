"""Timings as ratios against a baseline measured beside them, with peak memory. Nothing here asserts on seconds."""
