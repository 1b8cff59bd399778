"""Sites that live: what callers told of them is kept, and together it is the scenario of the next plan."""
