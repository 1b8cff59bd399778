"""kill -9 at named points: nothing acknowledged is lost, nothing has effect twice, the next plan comes at once."""
