"""The console: pages for people, rendered here, alive by htmx. How to add a page: docs/design/011-console.md."""
