"""The store: what lies where in MongoDB, and how it is asked."""
