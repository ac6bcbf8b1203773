"""A training run as a page to look at: report.html, one file that needs no network."""
