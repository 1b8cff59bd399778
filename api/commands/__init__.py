"""Groups of commands, one a file; ``api.cli`` puts them together."""
