"""The audit over HTTP: every route, and the explorer's pages."""
