"""What Alembic runs: migrates the one open connection that :mod:`registry.upgrade` hands over."""

from alembic import context

from registry import agent_models, portal_models  # noqa: F401 - their tables are part of the metadata
from registry.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
