"""The escalator looked at from outside its lanes: what no clock will strike, no lane will take."""
