"""How far a mapping rule reaches, and what its account was when the rule was made."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with op.batch_alter_table("mapping_rules") as table:
        table.add_column(sa.Column("account_type", sa.Text(), nullable=True))
        table.add_column(sa.Column("closed_years", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("mapping_rules") as table:
        table.drop_column("closed_years")
        table.drop_column("account_type")
