"""What `fenghuo doctor` looks at: each file looks at one side of an installation, and changes nothing."""
