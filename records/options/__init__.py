"""What a user may write where a number, a URL or a file belongs."""
