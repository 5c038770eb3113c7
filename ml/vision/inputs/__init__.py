"""From the pictures of a glitch to what a network is shown."""
