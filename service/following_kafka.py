"""Following the log on Kafka."""
