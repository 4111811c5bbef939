"""Receives the spans of apps that speak OpenTelemetry, by OTLP over HTTP, as protobuf or JSON."""
