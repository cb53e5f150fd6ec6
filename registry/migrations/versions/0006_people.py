"""People of the portal: their sessions and deeds, the progress of syncs, what connections can see."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("firm_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("issuer", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["firm_id"], ["firms.firm_id"], name="fk_users_firm_id"),
        sa.PrimaryKeyConstraint("user_id", name="pk_users"),
    )
    op.create_index("ix_users_firm_id", "users", ["firm_id"])
    op.create_index("one_user_per_email", "users", ["email"], unique=True)
    op.create_index("one_user_per_subject", "users", ["issuer", "subject"], unique=True)
    op.create_table(
        "access_keys",
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name="fk_access_keys_user_id"),
        sa.PrimaryKeyConstraint("key_hash", name="pk_access_keys"),
    )
    op.create_index("ix_access_keys_user_id", "access_keys", ["user_id"])
    op.create_table(
        "sign_in_attempts",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_sign_in_attempts"),
    )
    op.create_table(
        "deeds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["firm_id"], ["firms.firm_id"], name="fk_deeds_firm_id"),
        sa.PrimaryKeyConstraint("id", name="pk_deeds"),
    )
    op.create_index("ix_deeds_firm_id_id", "deeds", ["firm_id", "id"])
    op.create_index("ix_deeds_firm_id_subject", "deeds", ["firm_id", "subject"])
    op.create_table(
        "sync_progress",
        sa.Column("dossier_id", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=True),
        sa.Column("dagster_run_id", sa.Text(), nullable=True),
        sa.Column("sync_id", sa.Text(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("waits_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("dossier_id", name="pk_sync_progress"),
    )
    op.create_table(
        "dossier_lists",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("dossiers", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name="fk_dossier_lists_connection_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("connection_id", name="pk_dossier_lists"),
    )


def downgrade() -> None:
    op.drop_table("dossier_lists")
    op.drop_table("sync_progress")
    op.drop_index("ix_deeds_firm_id_subject", table_name="deeds")
    op.drop_index("ix_deeds_firm_id_id", table_name="deeds")
    op.drop_table("deeds")
    op.drop_table("sign_in_attempts")
    op.drop_index("ix_access_keys_user_id", table_name="access_keys")
    op.drop_table("access_keys")
    op.drop_index("one_user_per_subject", table_name="users")
    op.drop_index("one_user_per_email", table_name="users")
    op.drop_index("ix_users_firm_id", table_name="users")
    op.drop_table("users")
