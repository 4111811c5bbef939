"""How a service is reached, by loads and by sweeps alike: TLS, a proxy, the key's header. No locust."""
