"""The nouns of smart charging as frozen values, with validation that names every finding at once."""
