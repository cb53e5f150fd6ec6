"""The flow of one sync, and the Dagster assets, checks and jobs that run it.

Modules that define assets do without ``from __future__ import annotations``: Dagster reads their annotations.
"""

from __future__ import annotations

import warnings

import dagster as dg

# Backfill policies and pools are what range runs stand on; the version is pinned, so that "beta" holds no surprise.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)
