"""Documents with revisions, the journal with its sequences, leases; the journal is never changed."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# In PostgreSQL pages are cut where the other stores cut them: by code point, whatever the database's language is.
_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "documents",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("site", _NAME, primary_key=True),
        sa.Column("id", _NAME, primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("body", sa.Text),
        sa.Column("changed_s", sa.Double, nullable=False),
    )
    op.create_index("documents_by_id", "documents", ["tenant", "kind", "id"])
    op.create_index("documents_by_age", "documents", ["kind", "changed_s"])
    op.create_table(
        "journal",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("site", _NAME, primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("id", _NAME, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("recorded_s", sa.Double, nullable=False),
    )
    op.create_index("journal_by_kind", "journal", ["tenant", "site", "kind", "sequence"])
    op.create_index("journal_by_id", "journal", ["tenant", "site", "kind", "id"])
    op.create_index("journal_by_age", "journal", ["kind", "recorded_s"])
    op.create_table(
        "sequences",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("site", _NAME, primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("site", _NAME, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("until_s", sa.Double, nullable=False),
    )
    for statement in _GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    for table in ("leases", "sequences", "journal", "documents"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change_of_journal")


_GUARDS = {
    "sqlite": (
        "CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal "
        "BEGIN SELECT RAISE(ABORT, 'the journal is only added to'); END",
        "CREATE TRIGGER audit_is_not_forgotten BEFORE DELETE ON journal WHEN OLD.kind = 'audit' "
        "BEGIN SELECT RAISE(ABORT, 'the audit trail is only added to'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION refuse_change_of_journal() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the journal is only added to'; END $$",
        "CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_journal()",
        "CREATE TRIGGER audit_is_not_forgotten BEFORE DELETE ON journal "
        "FOR EACH ROW WHEN (OLD.kind = 'audit') EXECUTE FUNCTION refuse_change_of_journal()",
    ),
}
"""Not even by hand, or by an error of ours, is what somebody did written anew."""
