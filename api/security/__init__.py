"""What protects the service from its callers: keys with scopes, rates, bounds on bodies."""
