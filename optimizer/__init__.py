"""What to do: a Scenario in, a Schedule out; pure and synchronous."""
