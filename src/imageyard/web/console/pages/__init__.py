"""One file a page: parse the request, call a use case, render one typed context. What is shared lives a level up."""
