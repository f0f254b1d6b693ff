"""From the bytes of a YAML file to steps, with the line of everything."""
