"""The quick starts and the pages for who comes from elsewhere, run in their own languages."""
