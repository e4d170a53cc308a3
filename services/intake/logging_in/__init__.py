"""How a person comes to a session: by a one-time link of the operator's, or by a provider's word; and what
ends with it."""
