"""OpenADR 3 as a VEN: a connection with its token, the requests of a VEN, a webhook, a poll."""
