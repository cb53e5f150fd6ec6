"""Mapping rules: the codes of the common chart that people give to accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "mapping_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Text(), nullable=False),
        sa.Column("dossier_id", sa.Text(), nullable=True),
        sa.Column("match", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("who", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["firm_id"], ["firms.firm_id"], name="fk_mapping_rules_firm_id"),
        sa.PrimaryKeyConstraint("id", name="pk_mapping_rules"),
    )
    op.create_index(
        "one_rule_per_account_of_a_dossier",
        "mapping_rules",
        ["dossier_id", "match", "account"],
        unique=True,
        sqlite_where=sa.text("active"),
        postgresql_where=sa.text("active"),
    )
    op.create_index(
        "one_rule_per_account_of_a_firm",
        "mapping_rules",
        ["firm_id", "match", "account"],
        unique=True,
        sqlite_where=sa.text("active AND dossier_id IS NULL"),
        postgresql_where=sa.text("active AND dossier_id IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("mapping_rules")
