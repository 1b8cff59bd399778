"""Settlement for people and for files: inputs read, statements told, evidence packed."""
