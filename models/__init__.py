"""What things are: sites, sessions, tariffs, signals, schedules. No solver, no server, no clock."""
