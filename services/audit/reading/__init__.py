"""The trail as a reader is shown it: under a checkpoint, with its proof."""
