"""Images and labels: from files, from the web, or out of a package."""
