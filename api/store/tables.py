"""The tables of the store; ``migrations`` bring a database to them."""

from sqlalchemy import BigInteger, Column, Double, Index, Integer, MetaData, Table, Text

METADATA = MetaData()

DOCUMENTS = Table(
    "documents",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("site", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("body", Text),  # NULL: removed; its revision is kept, so that an old ETag fits nothing new
    Column("changed_s", Double, nullable=False),
    Index("documents_by_id", "tenant", "kind", "id"),
    Index("documents_by_age", "kind", "changed_s"),
)
JOURNAL = Table(
    "journal",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("site", Text, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("recorded_s", Double, nullable=False),
    Index("journal_by_kind", "tenant", "site", "kind", "sequence"),
    Index("journal_by_id", "tenant", "site", "kind", "id"),
    Index("journal_by_age", "kind", "recorded_s"),
)
SEQUENCES = Table(
    "sequences",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("site", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
)
LEASES = Table(
    "leases",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("site", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("until_s", Double, nullable=False),  # by the clock of the database
)
