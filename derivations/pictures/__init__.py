"""Pictures of what the mathematics says, as SVG: one file each, with nothing that is fetched from anywhere."""
