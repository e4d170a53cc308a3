"""The versions of the policy in their bucket."""
