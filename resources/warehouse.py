"""The Dagster resource of assets that work on the warehouse as a whole."""

import dagster as dg
from pydantic import Field

from foundation.home import Home
from resources.house import House


class WarehouseResource(dg.ConfigurableResource):
    """Opens the installation whose warehouse an asset works on."""

    home: str = Field(default="", description="State folder; empty means $GRANDLIVRE_HOME or ./.grandlivre.")

    def open_house(self) -> House:
        """The installation that this resource works for."""
        return House.open(Home.from_environment(self.home or None))
