"""OpenADR 3.0.1 and 3.1 (3.1.1, tolerant of 3.1.0): wire types, timing, payloads, profiles, reports; all pure."""
