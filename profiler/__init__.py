"""What did the machine do meanwhile? ``profile`` samples the system and the processes that matter."""
