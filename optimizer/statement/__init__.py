"""What a billing month came to by the plans that were followed: accounts of single plans, added up. Pure."""
