"""What OCPI peers send, handled without a socket: a request's values in, status, body and effects out."""
