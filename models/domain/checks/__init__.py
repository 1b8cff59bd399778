"""What can be wrong with a scenario, one family a file; models.domain.validation is the face of them all."""
