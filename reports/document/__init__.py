"""A report as values (tables, paragraphs, sentences), and how a screen or Markdown draws them."""
