"""On-premise services: who they are, what they reported, what is asked of them, what they delivered."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "agents",
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("firm_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("token_hash", sa.Text(), nullable=True),
        sa.Column("next_token_hash", sa.Text(), nullable=True),
        sa.Column("token_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("host", sa.Text(), nullable=True),
        sa.Column("system", sa.Text(), nullable=True),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("spool_bytes", sa.BigInteger(), nullable=True),
        sa.Column("free_bytes", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["firm_id"], ["firms.firm_id"], name="fk_agents_firm_id"),
        sa.PrimaryKeyConstraint("agent_id", name="pk_agents"),
    )
    op.create_index("ix_agents_firm_id", "agents", ["firm_id"])
    op.create_table(
        "agent_codes",
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.agent_id"], name="fk_agent_codes_agent_id"),
        sa.PrimaryKeyConstraint("code_hash", name="pk_agent_codes"),
    )
    op.create_index("ix_agent_codes_agent_id", "agent_codes", ["agent_id"])
    op.create_table(
        "agent_requests",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("totals_only", sa.Boolean(), nullable=False),
        sa.Column("cursor", sa.JSON(), nullable=True),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refusal", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.agent_id"], name="fk_agent_requests_agent_id"),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name="fk_agent_requests_connection_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("request_id", name="pk_agent_requests"),
    )
    op.create_index("ix_agent_requests_agent_id_answered_at", "agent_requests", ["agent_id", "answered_at"])
    op.create_index("ix_agent_requests_connection_id_external_id", "agent_requests", ["connection_id", "external_id"])
    op.create_table(
        "agent_sources",
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("software", sa.Text(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("dossiers", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.agent_id"], name="fk_agent_sources_agent_id"),
        sa.PrimaryKeyConstraint("agent_id", "name", name="pk_agent_sources"),
    )
    op.create_table(
        "agent_deliveries",
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("totals_only", sa.Boolean(), nullable=False),
        sa.Column("unchanged", sa.Boolean(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("received", sa.JSON(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fresh_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("load_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.agent_id"], name="fk_agent_deliveries_agent_id"),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name="fk_agent_deliveries_connection_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["agent_requests.request_id"], name="fk_agent_deliveries_request_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("agent_id", "delivery_id", name="pk_agent_deliveries"),
    )
    op.create_index("ix_agent_deliveries_agent_id_begun_at", "agent_deliveries", ["agent_id", "begun_at"])
    op.create_index(
        "ix_agent_deliveries_connection_id_external_id_accepted_at",
        "agent_deliveries",
        ["connection_id", "external_id", "accepted_at"],
    )


def downgrade() -> None:
    for table in ("agent_deliveries", "agent_sources", "agent_requests", "agent_codes", "agents"):
        op.drop_table(table)
