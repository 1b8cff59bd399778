"""OCPI 2.2.1 and what 2.3.0 changes: wire types, and pure translation between them and the domain."""
