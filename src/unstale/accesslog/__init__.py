"""Read Envoy's access logs. Formats are one a file in `formats`; nothing a client wrote into a line is believed."""
