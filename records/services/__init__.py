"""What a service was set to: variants, the configuration that it says, fixes that are tried."""
