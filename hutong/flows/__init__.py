"""The use cases that join the rooms, one readable file each. Only flows know several rooms."""
